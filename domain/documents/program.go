package documents

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// program writes the call in Go.
func (c call) program() string {
	imports := []string{"fmt", "io", "net/http"}
	body, before, kind := "http.NoBody", "", `"application/json"`
	switch {
	case c.file != "":
		imports = append(imports, "bytes", "mime/multipart", "os")
		body, before, kind = "&form", c.form(), "writer.FormDataContentType()"
	case c.body != nil:
		imports = append(imports, "strings")
		body = "strings.NewReader(" + raw(pretty(c.body, "")) + ")"
	}
	if c.keyed && c.file == "" {
		imports = append(imports, "os")
	}
	slices.Sort(imports)
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n")
	for _, name := range imports {
		fmt.Fprintf(&b, "\t%q\n", name)
	}
	fmt.Fprintf(&b, ")\n\nfunc main() {\n%s\trequest, err := http.NewRequest(%q, %s, %s)\n", before, c.method, quoted(c.url), body)
	b.WriteString("\tif err != nil {\n\t\tpanic(err)\n\t}\n")
	if c.keyed {
		b.WriteString("\trequest.Header.Set(\"X-API-KEY\", os.Getenv(\"PARLEY_KEY\"))\n")
	}
	if c.body != nil || c.file != "" {
		b.WriteString("\trequest.Header.Set(\"Content-Type\", " + kind + ")\n")
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

// form writes the form that a file goes in.
func (c call) form() string {
	var b strings.Builder
	b.WriteString("\tvar form bytes.Buffer\n\twriter := multipart.NewWriter(&form)\n")
	for _, name := range slices.Sorted(maps.Keys(c.body)) {
		fmt.Fprintf(&b, "\tif err := writer.WriteField(%s, %s); err != nil {\n\t\tpanic(err)\n\t}\n", quoted(name), quoted(queryText(c.body[name])))
	}
	fmt.Fprintf(&b, "\tcontent, err := os.ReadFile(%q)\n\tif err != nil {\n\t\tpanic(err)\n\t}\n", c.file)
	fmt.Fprintf(&b, "\tpart, err := writer.CreatePart(map[string][]string{\n\t\t\"Content-Disposition\": {%q},\n\t\t\"Content-Type\":        {%q},\n\t})\n",
		`form-data; name="file"; filename="`+c.file+`"`, c.kind)
	b.WriteString("\tif err != nil {\n\t\tpanic(err)\n\t}\n" +
		"\tif _, err := part.Write(content); err != nil {\n\t\tpanic(err)\n\t}\n" +
		"\tif err := writer.Close(); err != nil {\n\t\tpanic(err)\n\t}\n")
	return b.String()
}
