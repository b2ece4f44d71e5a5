package badinput_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"parley/domain"
)

// inside is what no answer may tell: the words of the database, of Go and of this machine.
var inside = regexp.MustCompile(`(?i)sqlite|sql logic|constraint failed|no such (table|column)|\bSELECT\b|\bINSERT\b|` +
	`json: |Go (value|struct)|cannot unmarshal|strconv\.|reflect\.|runtime error|goroutine|` +
	`\bdomain\.|\bop\.|\.go\b|panic|nil pointer|0x[0-9a-f]{6,}|/tmp/|/home/|/root/|no such file`)

// statuses are the HTTP statuses of the codes that bad input may be answered with.
var statuses = map[string][]int{
	"INVALID_REQUEST": {400}, "INVALID_ID": {400}, "INVALID_CONTENT_TYPE": {400}, "VALIDATION_ERROR": {400}, "CREATE_ERROR": {400},
	"INVALID_AGENT_ID": {400}, "SESSION_RENEWAL_FAILED": {400}, "DELETE_ERROR": {408, 409},
	"AUTH_REQUIRED": {401}, "FORBIDDEN": {403}, "NOT_FOUND": {404}, "AGENT_NOT_FOUND": {404}, "SESSION_NOT_FOUND": {404}, "SESSION_EXPIRED": {410},
	"CONFLICT": {409}, "PAYLOAD_TOO_LARGE": {413}, "FILE_TOO_LARGE": {413}, "INVALID_FILE_TYPE": {415}, "UNSUPPORTED_MEDIA_TYPE": {415},
	"NOT_IMPLEMENTED": {501}, "MODEL_UNAVAILABLE": {503},
}

// outcome is what an answer says.
type outcome struct {
	success bool
	code    string
	message string
	issues  []domain.Issue
}

// read reads an answer and checks its form; dual says that its top level may hold more.
func (a answer) read(dual bool) (outcome, error) {
	if a.status == 204 || a.status == 304 {
		if len(a.body) > 0 {
			return outcome{}, fmt.Errorf("status %d has a body: %.200s", a.status, a.body)
		}
		return outcome{success: true}, nil
	}
	if !strings.HasPrefix(a.kind, "application/json") {
		if a.status >= 200 && a.status < 300 {
			return outcome{success: true}, nil // a file, or a stream of events
		}
		return outcome{}, fmt.Errorf("status %d, %s: %.200s", a.status, a.kind, a.body)
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(a.body, &top); err != nil {
		return outcome{}, fmt.Errorf("no envelope: %w: %.200s", err, a.body)
	}
	out := outcome{success: string(top["success"]) == "true"}
	if out.success {
		if a.status >= 400 {
			return out, fmt.Errorf("success with status %d", a.status)
		}
		return out, nil
	}
	return out, out.failure(a, top, dual)
}

// failure checks the form of a refusal and reads it.
func (out *outcome) failure(a answer, top map[string]json.RawMessage, dual bool) error {
	var body struct {
		Code, Message, Details string
		LegacyCode             json.RawMessage
		Issues                 []domain.Issue
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(top["error"], &body) != nil || json.Unmarshal(top["error"], &keys) != nil || body.Code == "" || body.Message == "" {
		return fmt.Errorf("no error object: %.200s", a.body)
	}
	for key := range keys {
		if !slices.Contains([]string{"code", "message", "details", "legacyCode", "issues"}, key) {
			return fmt.Errorf("the error has a key %q: %.200s", key, a.body)
		}
	}
	delete(top, "errors") // what several agents say in place of one
	if string(top["success"]) != "false" || !dual && len(top) != 2 {
		return fmt.Errorf("no envelope of a failure: %.200s", a.body)
	}
	out.code, out.message, out.issues = body.Code, body.Message, body.Issues
	told := body.Message + "\n" + body.Details
	for _, issue := range body.Issues {
		if issue.Message == "" { // a path may be empty: the request as a whole
			return fmt.Errorf("an issue is empty: %.300s", a.body)
		}
		told += "\n" + issue.Message
	}
	if found := inside.FindString(told); found != "" {
		return fmt.Errorf("the answer tells %q of the inside: %.300s", found, told)
	}
	if len(a.body) > 64<<10 {
		return fmt.Errorf("the refusal has %d bytes: %.200s", len(a.body), a.body)
	}
	allowed, known := statuses[body.Code]
	if !known {
		return fmt.Errorf("bad input is answered with %s: %.300s", body.Code, a.body)
	}
	if a.status != 0 && !slices.Contains(allowed, a.status) {
		return fmt.Errorf("%s with status %d", body.Code, a.status)
	}
	return nil
}

// names reports whether an issue is about the field.
func (out outcome) names(field string) bool {
	return slices.ContainsFunc(out.issues, func(i domain.Issue) bool {
		rest, ok := strings.CutPrefix(i.Path, field)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}
