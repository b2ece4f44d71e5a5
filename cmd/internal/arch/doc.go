// Package arch holds tests on the repository itself: which package may import which,
// where each library may be used, and what every source file owes its reader. A
// failure names the rule's reason, so that it can be weighed and not only obeyed.
package arch
