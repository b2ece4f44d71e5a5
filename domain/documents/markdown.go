package documents

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Markdown is the table of operations for the README.
func (s *Service) Markdown() (string, error) {
	if err := s.prepare(); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| Operation | What it does | For | REST | Other events |\n| --- | --- | --- | --- | --- |\n")
	for _, e := range s.entries {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", e.Name, e.Help, e.Caller(), ticked(e.Routes), ticked(e.others()))
	}
	return b.String(), nil
}

// others are the events beside the name.
func (e entry) others() []string {
	if e.RESTOnly {
		return nil
	}
	return e.Events
}

// ticked lists texts as code, each on a line of its own.
func ticked(list []string) string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = "`" + text + "`"
	}
	return strings.Join(out, "<br>")
}

// Print writes the operations for a terminal.
func (s *Service) Print(w io.Writer) error {
	if err := s.prepare(); err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "OPERATION\tFOR\tSTATUS\tWHAT IT DOES AND WHERE")
	for _, e := range s.entries {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", e.Name, e.Caller(), e.Status, e.Help)
		for _, route := range e.Routes {
			fmt.Fprintf(table, "\t\t\t  %s\n", route)
		}
		switch {
		case e.RESTOnly:
			fmt.Fprintln(table, "\t\t\t  no event")
		case len(e.Events) > 0:
			fmt.Fprintf(table, "\t\t\t  also the event %s\n", strings.Join(e.Events, ", "))
		}
	}
	return table.Flush()
}
