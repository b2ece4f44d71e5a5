package config

import (
	"fmt"
	"strings"
)

// Markdown is the table of settings for the README.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| Environment | Flag and file key | Default | Meaning |\n| --- | --- | --- | --- |\n")
	for _, s := range new(Config).settings() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s%s |\n", s.name, s.key(), s.markdownDefault(), s.help, s.also())
	}
	return b.String()
}

// Usage lists the flags for the terminal.
func Usage() string {
	var b strings.Builder
	for _, s := range new(Config).settings() {
		fmt.Fprintf(&b, "  --%s  (%s, default: %s)\n      %s\n", s.key(), s.name, s.defaultText(), s.help)
	}
	return b.String()
}

// markdownDefault sets a value, unlike a description, as code.
func (s setting) markdownDefault() string {
	if s.shown != "" {
		return s.shown
	}
	return "`" + s.fallback + "`"
}

// also names the aliases.
func (s setting) also() string {
	if len(s.aliases) == 0 {
		return ""
	}
	return " Alias: `" + strings.Join(s.aliases, "`, `") + "`."
}
