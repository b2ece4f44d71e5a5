package documents

import (
	"maps"
	"net/http"
	"reflect"
	"strconv"

	"parley/domain"
	"parley/domain/op"
	"parley/domain/schema"
)

// failures are the components that describe what goes wrong: the error object, the
// envelope around it and a response for each code.
func (s *Service) failures() object {
	responses := object{}
	for _, row := range domain.Codes() {
		if row.Code != domain.Canceled {
			responses[string(row.Code)] = failed(row, row.Reason)
		}
	}
	issue := object{"type": "object", "required": []string{"path", "message"}, "properties": object{
		"path":    object{"type": "string", "description": words["path"]},
		"message": object{"type": "string", "description": "What is wrong with it, for people."}}}
	return object{
		"responses": responses,
		"schemas": object{
			"Error": object{"type": "object", "required": []string{"code", "message"}, "properties": object{
				"code":       object{"type": "string", "description": "Which failure it is, such as NOT_FOUND."},
				"message":    object{"type": "string", "description": "One sentence for people."},
				"details":    object{"type": "string", "description": words["details"]},
				"legacyCode": object{"type": "string", "description": "The code of ElizaOS 1.2.0 in the same case; the limits of requests and files tell it."},
				"issues":     object{"type": "array", "items": issue, "description": "What is wrong with which field."},
			}},
			"Failure": object{"type": "object", "required": []string{"success", "error"}, "additionalProperties": true,
				"properties": object{"success": succeeded(false), "error": told(reference("Error"), "error")}},
		},
	}
}

// succeeded is the schema of the field that tells good replies from others.
func succeeded(yes bool) schema.Schema {
	return schema.Schema{"const": yes, "description": words["success"]}
}

// told is a schema with what a name means everywhere, unless it says something itself.
func told(s schema.Schema, name string) schema.Schema {
	if s["description"] != nil {
		return s
	}
	out := maps.Clone(s)
	out["description"] = words[name]
	return out
}

// reference refers to a schema.
func reference(name string) schema.Schema {
	return schema.Schema{"$ref": "#/components/schemas/" + name}
}

// meaning says what a code means, in a response.
func meaning(c domain.Code) string {
	switch c {
	case domain.Invalid:
		return "The request is malformed or breaks a rule."
	case domain.Unauthenticated:
		return "The key is missing or wrong."
	case domain.Forbidden:
		return "The caller may not do this."
	case domain.NotFound:
		return "There is no such thing."
	case domain.Conflict:
		return "It exists already, or was changed meanwhile."
	case domain.TooLarge:
		return "The request is too large."
	case domain.RateLimited:
		return "Too many requests; Retry-After says how long to wait."
	case domain.UnsupportedMedia:
		return "Files of this type are not taken."
	case domain.Unsupported:
		return "This server cannot do it."
	case domain.Unavailable:
		return "Something that the server depends on is away."
	case domain.Timeout:
		return "It took too long."
	case domain.Canceled, domain.Internal:
		return "The server failed."
	}
	return "The operation failed."
}

// failed is the response of a code.
func failed(row domain.CodeInfo, wire string) object {
	example := object{"success": false, "error": object{"code": wire, "message": meaning(row.Code)}}
	return object{"description": meaning(row.Code), "content": object{"application/json": object{
		"schema": reference("Failure"), "example": example}}}
}

// responses are those of an operation by status.
func (e entry) responses() object {
	out := object{strconv.Itoa(e.Status): e.success(e.Status)}
	if e.has(reflect.TypeFor[op.Statuser]()) {
		out["2XX"] = e.success(http.StatusOK)
	}
	if e.Streams() && e.Status != http.StatusOK { // a stream begins with 200 whatever the status of the reply
		out["200"] = object{"description": "The answer as server-sent events.", "content": object{"text/event-stream": object{"schema": object{"type": "string"}}}}
	}
	if e.sendsFiles() {
		out["206"] = object{"description": "The part of the file that was asked for.", "content": object{"*/*": object{}}}
		out["416"] = object{"description": "The file has no such part."}
	}
	for _, row := range e.codes() {
		switch {
		case e.Reason != "" && row.Code == domain.Internal:
			out[strconv.Itoa(row.HTTP)] = failed(row, e.Reason)
		default:
			out[strconv.Itoa(row.HTTP)] = object{"$ref": "#/components/responses/" + string(row.Code)}
		}
	}
	return out
}

// sendsFiles reports whether the result may be a file over REST.
func (e entry) sendsFiles() bool { return e.has(reflect.TypeFor[op.Filer]()) }

// success is the response of a call that went well, with a status.
func (e entry) success(status int) object {
	if status == http.StatusNoContent {
		return object{"description": "Done; there is no body."}
	}
	content := object{"application/json": object{"schema": e.envelope()}}
	if e.sendsFiles() || e.has(reflect.TypeFor[op.Raw]()) {
		content["*/*"] = object{}
	}
	if e.Streams() {
		content["text/event-stream"] = object{"schema": object{"type": "string"}}
	}
	out := object{"description": http.StatusText(status), "content": content}
	if e.has(reflect.TypeFor[op.Totaler]()) {
		out["headers"] = object{"X-Total-Count": object{"description": "How many there are in all.", "schema": object{"type": "integer"}}}
	}
	return out
}

// envelope is the schema of a reply with a result; that of a dual operation has the
// fields of the result at its top level too.
func (e entry) envelope() object {
	properties := object{}
	required := []string{"success", "data"}
	if e.Dual {
		of := e.resolved()
		if inner, ok := of["properties"].(object); ok {
			maps.Copy(properties, inner)
			names, _ := of["required"].([]string)
			for _, name := range names {
				if name != "success" && name != "data" {
					required = append(required, name)
				}
			}
		}
	}
	properties["success"], properties["data"] = succeeded(true), told(e.ResultType, "data")
	out := object{"type": "object", "required": required, "properties": properties}
	if more, ok := e.resolved()["additionalProperties"]; ok && e.Dual {
		out["additionalProperties"] = more
	}
	if e.has(reflect.TypeFor[op.Lifter]()) {
		out["additionalProperties"] = true
	}
	if e.has(reflect.TypeFor[op.Mixed]()) {
		return object{"anyOf": []object{out, {"allOf": []schema.Schema{reference("Failure"), {"properties": object{
			"data": told(e.ResultType, "data"), "errors": object{"type": "array", "description": "What failed, one by one."}}}}}}}
	}
	return out
}
