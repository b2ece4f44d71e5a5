package agents

import (
	"cmp"
	"strings"
	"unicode"
)

// marked lists the small Latin letters that stand where others do: é at e, æ at ae. The
// standard library has no collation; this is as much of it as names of agents ask for.
var marked = map[string]string{
	"a": "àáâãäåāăąǎ", "ae": "æ", "c": "çćĉċč", "d": "ďđ", "e": "èéêëēĕėęě", "g": "ĝğġģǧ", "h": "ĥħ", "i": "ìíîïĩīĭįǐ",
	"j": "ĵ", "k": "ķǩ", "l": "ĺļľł", "n": "ñńņňǹ", "o": "òóôõöøōŏőǒ", "oe": "œ", "r": "ŕŗř", "s": "śŝşšș", "ss": "ß",
	"t": "ţťțŧ", "u": "ùúûüũūŭůűųǔ", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
}

// unmarked is marked the other way round.
var unmarked = func() map[rune]string {
	letters := map[rune]string{}
	for plain, list := range marked {
		for _, letter := range list {
			letters[letter] = plain
		}
	}
	return letters
}()

// collationKey is what names are ordered by first: signs before digits before letters,
// without case and marks.
func collationKey(name string) string {
	var key strings.Builder
	for _, r := range strings.ToLower(name) {
		plain, found := unmarked[r]
		switch {
		case found:
			for _, letter := range plain {
				key.WriteByte('2')
				key.WriteRune(letter)
			}
			continue
		case unicode.Is(unicode.Mn, r): // it belongs to the letter before it
			continue
		case unicode.IsLetter(r):
			key.WriteByte('2')
		case unicode.IsDigit(r):
			key.WriteByte('1')
		default:
			key.WriteByte('0')
		}
		key.WriteRune(r)
	}
	return key.String()
}

// order compares agents: active ones first, then by name as localeCompare of the reference
// does: ä beside a, and of names that differ in marks or case alone the plain and the small
// one first. It holds the keys of the names that it has seen, so it is for one sort.
type order map[string]string

// key returns the key of a name.
func (o order) key(name string) string {
	key, found := o[name]
	if !found {
		key = collationKey(name)
		o[name] = key
	}
	return key
}

// compare is negative if a comes before b, positive if after.
func (o order) compare(a, b Agent) int {
	nameA, nameB := a.Character.Name, b.Character.Name
	return cmp.Or(
		cmp.Compare(a.Status(), b.Status()), // "active" sorts before "inactive"
		strings.Compare(o.key(nameA), o.key(nameB)),
		strings.Compare(strings.ToLower(nameA), strings.ToLower(nameB)),
		strings.Compare(nameB, nameA),
	)
}
