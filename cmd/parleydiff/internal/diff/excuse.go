package diff

import (
	"fmt"
	"regexp"
	"strings"
)

// Excuse explains differences that are known and wanted.
type Excuse struct {
	// Name is how reports call it.
	Name string
	// Reason says why Parley differs.
	Reason string
	// Contract is where the contract decides so.
	Contract string
	// Steps restricts it to steps whose name matches; nil is all.
	Steps *regexp.Regexp
	// Kinds are the kinds of difference that it explains; none is all.
	Kinds []Kind
	// Path matches the places that it is about, as a whole.
	Path *regexp.Regexp
}

// Validate reports an excuse without a name, a reason, a line of the contract or a place.
func (e Excuse) Validate() error {
	if e.Name == "" || e.Reason == "" || e.Contract == "" || e.Path == nil {
		return fmt.Errorf("excuse %q needs a name, a reason, a line of the contract and a path", e.Name)
	}
	return nil
}

// covers reports whether the excuse explains d.
func (e Excuse) covers(d Difference) bool {
	if e.Steps != nil && !e.Steps.MatchString(d.Step) {
		return false
	}
	fits := len(e.Kinds) == 0
	for _, kind := range e.Kinds {
		fits = fits || kind == d.Kind
	}
	return fits && e.Path.FindString(d.Path) == d.Path && d.Path != ""
}

// Judgement is what became of the differences.
type Judgement struct {
	// Unexplained are those that no excuse covers.
	Unexplained []Difference
	// Explained counts the differences that each excuse covers, by its place in the list.
	Explained []int
}

// Judge looks for the first excuse that covers each difference.
func Judge(found []Difference, excuses []Excuse) Judgement {
	j := Judgement{Explained: make([]int, len(excuses))}
next:
	for _, d := range found {
		for i, e := range excuses {
			if e.covers(d) {
				j.Explained[i]++
				continue next
			}
		}
		j.Unexplained = append(j.Unexplained, d)
	}
	return j
}

// Unused lists the names of the excuses that explain nothing any more.
func (j Judgement) Unused(excuses []Excuse) string {
	var names []string
	for i, e := range excuses {
		if j.Explained[i] == 0 {
			names = append(names, e.Name)
		}
	}
	return strings.Join(names, ", ")
}
