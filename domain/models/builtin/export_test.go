package builtin

// Keywords counts the keywords of the embedded script that have rules of their own.
func Keywords() int {
	s, err := decodeScript(rules)
	if err != nil {
		return 0
	}
	return len(s.Keywords)
}
