package agents

import (
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/domain"
	"parley/domain/messaging"
)

// stream brings an answer to the channel while it arises. What it tells, joined, is
// byte for byte what storable makes of the model's pieces, so that a client that adds
// the chunks up has the very text that is stored. It is safe for concurrent use.
type stream struct {
	// tell gets each chunk with its number, from 0; it is called with the lock held.
	tell func(index int, chunk string)
	// every is the least time between two chunks: a model's pieces may be as small as a
	// character, and each chunk is an event to the whole room.
	every time.Duration
	now   domain.Clock

	mu     sync.Mutex
	closed bool
	clean  cleaner
	// ready is clean text that was not told yet.
	ready  strings.Builder
	told   strings.Builder
	index  int
	toldAt time.Time
}

// add takes a piece of the answer; after close it does nothing.
func (s *stream) add(piece string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.clean.write(&s.ready, piece)
	if s.index == 0 || s.now().Sub(s.toldAt) >= s.every {
		s.tellReady()
	}
}

// flush tells what is ready.
func (s *stream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.tellReady()
	}
}

// close tells the rest and ends the stream. It returns all that was told.
func (s *stream) close() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.clean.end(&s.ready)
		s.tellReady()
		s.closed = true
	}
	return s.told.String()
}

// tellReady tells what is ready, if anything is. The caller holds the lock.
func (s *stream) tellReady() {
	if s.ready.Len() == 0 {
		return
	}
	chunk := s.ready.String()
	s.ready.Reset()
	s.told.WriteString(chunk)
	s.tell(s.index, chunk)
	s.index++
	s.toldAt = s.now()
}

// cleaner does to a text in pieces what storable does to the whole: it makes it valid
// UTF-8 without NUL, without space at its ends, and not too long. The zero value is ready.
type cleaner struct {
	// cut is the beginning of a character whose rest has not come yet.
	cut string
	// spaces are held back until something follows them.
	spaces strings.Builder
	// begun says that something but space came; broken that the last byte was invalid,
	// for a run of them becomes one mark.
	begun, broken bool
	runes         int
}

// write appends what is certain of the text so far to out.
func (c *cleaner) write(out *strings.Builder, piece string) {
	text := c.cut + piece
	c.cut = ""
	for len(text) > 0 {
		if !utf8.FullRuneInString(text) {
			c.cut = text
			return
		}
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		c.put(out, r, r == utf8.RuneError && size == 1)
	}
}

// end appends what a cut-off character at the end comes to.
func (c *cleaner) end(out *strings.Builder) {
	for range len(c.cut) {
		c.put(out, utf8.RuneError, true)
	}
	c.cut = ""
}

// put appends one character.
func (c *cleaner) put(out *strings.Builder, r rune, invalid bool) {
	repeated := invalid && c.broken
	c.broken = invalid
	switch {
	case r == 0 || repeated:
	case unicode.IsSpace(r):
		if c.begun {
			c.spaces.WriteRune(r)
		}
	default:
		c.begun = true
		for _, space := range c.spaces.String() {
			c.count(out, space)
		}
		c.spaces.Reset()
		c.count(out, r)
	}
}

// count appends a character unless there are too many.
func (c *cleaner) count(out *strings.Builder, r rune) {
	if c.runes < messaging.MaxContent {
		c.runes++
		out.WriteRune(r)
	}
}

// storable is text as a message may hold it: trimmed, valid UTF-8 without NUL, not too long.
func storable(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", ""))
	if runes := []rune(text); len(runes) > messaging.MaxContent {
		return string(runes[:messaging.MaxContent])
	}
	return text
}
