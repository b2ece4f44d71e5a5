package documents

import (
	"fmt"
	"slices"
	"strings"
)

// program writes the call in Go.
func (c call) program() string {
	imports := []string{"fmt", "io", "net/http"}
	body := "http.NoBody"
	if c.body != nil {
		imports = append(imports, "strings")
		body = "strings.NewReader(" + raw(pretty(c.body, "")) + ")"
	}
	if c.keyed {
		imports = append(imports, "os")
	}
	slices.Sort(imports)
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n")
	for _, name := range imports {
		fmt.Fprintf(&b, "\t%q\n", name)
	}
	fmt.Fprintf(&b, ")\n\nfunc main() {\n\trequest, err := http.NewRequest(%q, %s, %s)\n", c.method, quoted(c.url), body)
	b.WriteString("\tif err != nil {\n\t\tpanic(err)\n\t}\n")
	if c.keyed {
		b.WriteString("\trequest.Header.Set(\"X-API-KEY\", os.Getenv(\"PARLEY_KEY\"))\n")
	}
	if c.body != nil {
		b.WriteString("\trequest.Header.Set(\"Content-Type\", \"application/json\")\n")
	}
	b.WriteString("\tresponse, err := http.DefaultClient.Do(request)\n\tif err != nil {\n\t\tpanic(err)\n\t}\n" +
		"\tdefer response.Body.Close()\n\ttext, err := io.ReadAll(response.Body)\n\tif err != nil {\n\t\tpanic(err)\n\t}\n" +
		"\tfmt.Println(response.Status, string(text))\n}")
	return b.String()
}

// raw is a text as a raw literal, or an interpreted one where it holds a backquote.
func raw(text string) string {
	if strings.Contains(text, "`") {
		return fmt.Sprintf("%q", text)
	}
	return "`" + text + "`"
}
