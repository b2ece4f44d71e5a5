// Package diff compares what two servers answered to the same script, in a form in
// which what must differ (ids, times) does not, and explains differences by named
// entries with a reason.
package diff
