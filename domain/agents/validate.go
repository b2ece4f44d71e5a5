package agents

import (
	"maps"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/messaging"
)

// characterFields are the fields that a character may have, with their rules. The maps
// of rules are built anew for each check, which is rare, so that nothing can change them.
func characterFields() map[string]rule {
	return map[string]rule{
		"id":              identifier,
		"name":            name("Character name is required"),
		"username":        name(""),
		"system":          text,
		"templates":       recordOf(text),
		"bio":             biography,
		"messageExamples": listOf(listOf(exampleLine())),
		"postExamples":    listOf(text),
		"topics":          listOf(text),
		"adjectives":      listOf(text),
		"knowledge":       listOf(knowledgeItem),
		"plugins":         listOf(text),
		"settings":        settingsMap,
		"secrets":         recordOf(oneOf("string", "boolean", "number")),
		"style":           objectOf(map[string]rule{"all": listOf(text), "chat": listOf(text), "post": listOf(text)}),
	}
}

// requiredFields are those that a character must have, beside bio, of whose absence the
// reference speaks as of a wrong type.
var requiredFields = []string{"name"}

// biography is a text or a list of texts.
func biography(c *checker, path string, value any) {
	if _, ok := value.([]any); ok {
		listOf(text)(c, path, value)
		return
	}
	oneOf("string", "array")(c, path, value)
}

// knowledgeItem is a text, or an object that names a file or a folder.
func knowledgeItem(c *checker, path string, value any) {
	object, ok := value.(map[string]any)
	if !ok {
		oneOf("string", "object")(c, path, value)
		return
	}
	_, folder := object["directory"]
	required := "path"
	if folder {
		required = "directory"
	}
	objectOf(map[string]rule{"path": text, "directory": text, "shared": is("boolean")}, required)(c, path, value)
}

// settingsMap is an object of anything, whose secrets are an object or null.
func settingsMap(c *checker, path string, value any) {
	objectOf(map[string]rule{"secrets": oneOf("object", "null")})(c, path, value)
}

// exampleLine is a line of an example conversation.
func exampleLine() rule {
	media := objectOf(map[string]rule{
		"id": text, "url": text, "title": text, "source": text, "description": text, "text": text,
		"contentType": among("image", "video", "audio", "document", "link"),
	}, "id", "url")
	content := objectOf(map[string]rule{
		"text": text, "thought": text, "actions": listOf(text), "providers": listOf(text), "source": text, "target": text,
		"url": text, "inReplyTo": identifier, "attachments": listOf(media), "channelType": channelType,
	})
	return objectOf(map[string]rule{"name": text, "content": content}, "name", "content")
}

// channelType is the name of a kind of channel.
func channelType(c *checker, path string, value any) {
	if s, ok := value.(string); !ok || !messaging.ChannelType(s).Valid() {
		c.add(path, "Invalid enum value. Expected a channel type such as 'DM' or 'GROUP'")
	}
}

// among is one of some texts.
func among(texts ...string) rule {
	return func(c *checker, path string, value any) {
		s, ok := value.(string)
		if !ok {
			text(c, path, value)
		} else if !slices.Contains(texts, s) {
			c.add(path, "Invalid enum value. Expected '%s', received '%s'", strings.Join(texts, "' | '"), shortened(s))
		}
	}
}

// checkCharacter notes what is wrong with a whole character.
func (c *checker) checkCharacter(object map[string]any) {
	fields := characterFields()
	c.checkKeys(object, slices.Sorted(maps.Keys(fields)))
	if _, ok := object["bio"]; !ok {
		biography(c, "bio", absent{})
	}
	objectOf(fields, requiredFields...)(c, "", object)
}

// checkKeys notes the keys that a character does not have, and what was probably meant.
func (c *checker) checkKeys(object map[string]any, known []string) {
	var unknown, hints []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if slices.Contains(known, key) {
			continue
		}
		if len(unknown) == maxFaults {
			break
		}
		unknown = append(unknown, "'"+shortened(key)+"'")
		if meant := closest(key, known); meant != "" {
			hints = append(hints, "'"+meant+"'")
		}
	}
	switch {
	case len(unknown) == 0:
	case len(hints) > 0:
		c.add("", "Unrecognized key(s) in object: %s (did you mean %s?)", strings.Join(unknown, ", "), strings.Join(hints, ", "))
	default:
		c.add("", "Unrecognized key(s) in object: %s", strings.Join(unknown, ", "))
	}
}

// err is nil without faults, else one Invalid error that names them as the reference does.
func (c *checker) err() error {
	if len(c.issues) == 0 {
		return nil
	}
	issues := c.issues
	slices.SortStableFunc(issues, func(a, b domain.Issue) int { return strings.Compare(a.Path, b.Path) })
	parts := make([]string, 0, min(len(issues), maxFaults)+1)
	for _, f := range issues[:min(len(issues), maxFaults)] {
		if f.Path == "" {
			parts = append(parts, f.Message)
		} else {
			parts = append(parts, f.Path+": "+f.Message)
		}
	}
	if len(issues) > maxFaults {
		issues = issues[:maxFaults]
		parts = append(parts, "and more")
	}
	return &domain.Error{Code: domain.Invalid, Message: "Character validation failed: " + strings.Join(parts, "; "), Issues: issues}
}

// closest returns the one of names that was probably meant by name, "" if none is near.
func closest(name string, names []string) string {
	best, least := "", len(name)/3+1
	if len(name) > maxName {
		return ""
	}
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	return best
}

// distance counts the letters to change, add or drop to make b from a.
func distance(a, b string) int {
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
		}
		last = row
	}
	return last[len(b)]
}
