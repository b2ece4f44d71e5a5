// Package script holds the requests and events that both servers get.
//
// Texts of a step may name what earlier steps have saved as ${name}; the well-known ids
// are there from the start.
package script

// Step is one request, one event of a socket, or a new socket.
type Step struct {
	// Name is how reports call the step; unique.
	Name string

	// Method, Path and Body make a request; Body is JSON unless Type says otherwise.
	Method, Path, Body string
	// Type is the Content-Type of the body; empty means application/json.
	Type string
	// File is sent as the multipart part named by FileField instead of Body, unless it is empty.
	File, FileField, FileName, FileType string
	// Save keeps values of the reply under names: name to a path such as data.agents.0.id.
	Save map[string]string

	// Connect opens a socket of this name.
	Connect string
	// Socket sends the event Event with the arguments Args (a JSON list) on the socket.
	Socket, Event, Args string

	// Await are the events, "socket.name", that must come before the step counts as
	// finished; whatever comes shortly after belongs to it too. An event that does not
	// come on one of the servers costs some seconds there and shows as a difference.
	Await []string
	// ShapeOnly compares the body only by its status: its text is free.
	ShapeOnly bool
}

// Known are the ids that the script gives from the start.
var Known = map[string]string{
	"server":  "00000000-0000-0000-0000-000000000000",
	"user":    "22222222-2222-4222-8222-222222222222",
	"other":   "44444444-4444-4444-8444-444444444444",
	"channel": "11111111-1111-4111-8111-111111111111",
	"dm":      "aaaaaaaa-1111-4111-8111-111111111111",
	"nobody":  "99999999-9999-4999-8999-999999999999",
	"temp":    "cccccccc-1111-4111-8111-111111111111",
}
