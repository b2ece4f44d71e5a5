package documents

import (
	"fmt"
	"html"
	"strconv"
	"strings"
)

// markup is HTML of our own: constants here and the files in site/. Text from elsewhere
// goes through the arguments of put, which escapes it.
type markup string

// paper is where a page is written.
type paper struct{ strings.Builder }

// put writes markup with the arguments, escaped, in the places of its %s. They may stand
// in text and in quoted attributes; addresses there must begin with a path of ours.
func (p *paper) put(m markup, args ...string) {
	escaped := make([]any, len(args))
	for i, arg := range args {
		escaped[i] = html.EscapeString(arg)
	}
	fmt.Fprintf(p, string(m), escaped...)
}

// list writes each of values with a comma between two.
func (p *paper) list(m markup, values []string, args func(string) []string) {
	for i, value := range values {
		if i > 0 {
			p.put(", ")
		}
		p.put(m, args(value)...)
	}
}

// once is a value for markup that has one place.
func once(value string) []string { return []string{value} }

// twice is a value for markup that has two places.
func twice(value string) []string { return []string{value, value} }

// table opens a table that may be scrolled; its rows and the end of it follow.
func (p *paper) table(label string, columns ...string) {
	p.put(`<div class="scroll" tabindex="0" role="group" aria-label="%s"><table>`+"\n<thead><tr>", label)
	for _, column := range columns {
		p.put(`<th scope="col">%s</th>`, column)
	}
	p.put("</tr></thead>\n<tbody>")
}

// tableEnd closes a table.
const tableEnd markup = "</tbody></table></div>"

// code is a block of code that may be scrolled.
const code markup = `<div class="scroll" tabindex="0" role="group" aria-label="%s"><pre><code>%s</code></pre></div>`

// write makes the page of a view. front is the text of the first page.
func (v view) write(front markup) string {
	p := &paper{}
	v.head(p)
	v.menu(p)
	p.put("<main id=\"content\" tabindex=\"-1\">\n")
	if v.Front {
		p.put("<h1>Parley API</h1>\n")
		p.WriteString(string(front))
		for _, g := range v.Menu {
			g.overview(p)
		}
	} else {
		p.put("<h1>%s</h1>\n", v.Title)
		if v.Intro != "" {
			p.put("<p>%s</p>\n", v.Intro)
		}
		for _, o := range v.Operations {
			o.write(p)
		}
		if len(v.ToServer) > 0 {
			v.events(p)
		}
	}
	p.put("</main>\n</div>\n</body>\n</html>\n")
	return p.String()
}

// head opens the page.
func (v view) head(p *paper) {
	title := v.Title + " · Parley API"
	if v.Front {
		title = "Parley API"
	}
	p.put(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/docs.css">
<script src="/api/docs/docs.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="brand" href="/api/docs">Parley API</a>
<nav aria-label="Documents"><a href="/api/openapi.json">OpenAPI</a> <a href="/api/asyncapi.json">AsyncAPI</a> <a href="/">Chat</a></nav>
</header>
<div class="columns">
`, title)
}

// menu lists the operations, those of the page unfolded.
func (v view) menu(p *paper) {
	p.put(`<nav class="menu" aria-label="Operations">
<details class="fold" open><summary>All operations</summary>
<div class="find" hidden><label for="search">Search</label> <input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="name, path or word" aria-describedby="found"> <span class="key" aria-hidden="true">/</span></div>
<p id="found" class="found" role="status"></p>
`)
	for _, g := range v.Menu {
		p.put(`<details class="group"`)
		if g.Name == v.Name {
			p.put(" open")
		}
		p.put("><summary>%s</summary>\n<ul>", g.Name)
		for _, l := range g.Links {
			p.put(`<li><a href="%s" title="%s" data-words="%s">%s</a></li>`, l.Href, l.Help, l.Words, l.Name)
		}
		p.put("</ul></details>\n")
	}
	p.put("</details>\n</nav>\n")
}

// overview shows a group on the first page.
func (g group) overview(p *paper) {
	p.put(`<section class="overview" aria-labelledby="group-%s"><h2 id="group-%s"><a href="/api/docs/%s">%s</a></h2>`+"\n<ul>",
		g.Name, g.Name, g.Name, g.Name)
	for _, l := range g.Links {
		p.put(`<li><a href="%s"><code>%s</code></a> <span>%s</span></li>`, l.Href, l.Name, l.Help)
	}
	p.put("</ul></section>\n")
}

// write shows an operation.
func (o operationView) write(p *paper) {
	p.put(`<section class="operation" aria-labelledby="%s">
<h2 id="%s"><a href="#%s">%s</a></h2>
<p>%s</p>
`, o.Name, o.Name, o.Name, o.Name, o.Help)
	o.facts(p)
	p.put("<h3>Request</h3>\n")
	if len(o.Fields) > 0 {
		sent(p, o.Fields)
	} else {
		p.put("<p>It has no fields.</p>")
	}
	p.put("\n<h3>Examples</h3>\n")
	for i, s := range o.Snippets {
		p.put(`<details class="snippet code"`)
		if i == 0 {
			p.put(" open")
		}
		p.put("><summary>%s</summary>"+code+"</details>\n", s.Title, s.Title+" example", s.Code)
	}
	o.reply(p)
	p.put("</section>\n")
}

// facts shows who may call an operation, and where.
func (o operationView) facts(p *paper) {
	p.put("<dl class=\"facts\">\n<dt>Who may call</dt><dd>%s</dd>\n", o.Caller)
	if len(o.Routes) > 0 {
		p.put(`<dt>REST</dt><dd><ul class="routes">`)
		for _, route := range o.Routes {
			p.put("<li><code>%s</code></li>", route)
		}
		p.put("</ul></dd>\n<dt>Status</dt><dd>%s", o.Status)
		if o.Streams {
			p.put("; a stream where the caller accepts <code>text/event-stream</code>")
		}
		p.put("</dd>\n")
	}
	if len(o.Events) > 0 {
		p.put("<dt>Event</dt><dd>")
		p.list("<code>%s</code>", o.Events, once)
		p.put("</dd>\n")
	}
	p.put("</dl>\n")
}

// reply shows what an operation answers.
func (o operationView) reply(p *paper) {
	p.put("<h3>Reply</h3>\n")
	if o.Reply != "" {
		p.put(code+"\n<p class=\"note\">As a server answered to the example", "Reply", o.Reply)
		if o.Empty {
			p.put(" over the socket; REST answers without a body")
		}
		p.put(".</p>\n")
	}
	if len(o.Result) > 0 {
		p.put(`<details class="snippet"><summary>Fields of data</summary>`)
		received(p, o.Result)
		p.put("</details>\n")
	}
	p.put(`<details class="snippet"><summary>Errors</summary>`)
	p.table("Errors", "Status", "Code", "Meaning")
	for _, e := range o.Errors {
		p.put("<tr><td>%s</td><td><code>%s</code></td><td>%s</td></tr>\n", strconv.Itoa(e.Status), e.Code, e.Meaning)
	}
	p.put(tableEnd + "</details>\n")
}

// sent shows the fields that a caller sends.
func sent(p *paper, fields []row) {
	p.table("Fields", "Field", "Type", "Meaning")
	for _, f := range fields {
		p.put("<tr><td><code>%s</code>", f.Name)
		if f.Required {
			p.put(` <span class="must">required</span>`)
		}
		p.put("</td><td>%s</td><td>%s", f.Type, f.Help)
		if len(f.Aliases) > 0 {
			p.put(` <span class="also">Also `)
			p.list("<code>%s</code>", f.Aliases, once)
			p.put(".</span>")
		}
		p.put("</td></tr>\n")
	}
	p.put(tableEnd)
}

// received shows the fields that a caller gets.
func received(p *paper, fields []row) {
	p.table("Fields", "Field", "Type", "Meaning")
	for _, f := range fields {
		p.put("<tr><td><code>%s</code>", f.Name)
		if !f.Required {
			p.put(` <span class="maybe">may be absent</span>`)
		}
		p.put("</td><td>%s</td><td>%s</td></tr>\n", f.Type, f.Help)
	}
	p.put(tableEnd)
}

// events shows the events of both directions.
func (v view) events(p *paper) {
	p.put(`<p>Beside the operations, each of which is an event, these events are spoken. Events of a channel have a second
argument, the text <code>&lt;channelId&gt;:&lt;rev&gt;</code>.</p>
<h2 id="to-server">From clients</h2>
`)
	for _, e := range v.ToServer {
		e.open(p, "to-server-"+e.Name)
		if e.Operation != "" {
			p.put(` The payload is that of <a href="%s"><code>%s</code></a>.`, e.Href, e.Operation)
		}
		p.put("</p>\n")
		if len(e.Answers) > 0 {
			p.put("<p>Answered by ")
			p.list(`<a href="#to-client-%s"><code>%s</code></a>`, e.Answers, twice)
			p.put(", and by the acknowledgement.</p>\n")
		}
		if len(e.Fields) > 0 {
			sent(p, e.Fields)
		}
		p.put("</section>\n")
	}
	p.put("<h2 id=\"to-client\">From the server</h2>\n")
	for _, e := range v.ToClient {
		e.open(p, "to-client-"+e.Name)
		p.put("</p>\n")
		if len(e.Fields) > 0 {
			received(p, e.Fields)
		}
		p.put("</section>\n")
	}
}

// open begins an event; what it is for remains open, for more to be said.
func (e eventView) open(p *paper, id string) {
	p.put(`<section class="operation" aria-labelledby="%s">
<h3 id="%s"><a href="#%s">%s</a></h3>
<p>%s`, id, id, id, e.Name, e.Help)
}
