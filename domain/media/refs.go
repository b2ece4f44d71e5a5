package media

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"parley/domain"
	"parley/domain/messaging"
)

// maxAttachments is how many attachments of a message are looked at.
const maxAttachments = 100

// place names a file of a channel.
type place struct {
	owner    Owner
	filename string
}

// attached returns the files of channels that a message's attachments show. Their URLs are
// relative or those of some address of this server.
func attached(m domain.Metadata) []place {
	raw := m["attachments"]
	var list []struct {
		URL string `json:"url"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var places []place
	for _, a := range list[:min(len(list), maxAttachments)] {
		u, err := url.Parse(a.URL)
		if err != nil {
			continue
		}
		owner, filename, ok := channelFile(u.Path)
		if p := (place{owner, filename}); ok && !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	return places
}

// noting is a channel log that notes which files its messages refer to.
type noting struct {
	messaging.Store
	files *Service
}

// Noting returns store with the noting of files around it; see the package comment. What
// messaging appends and edits must go through it. Appending a message with attachments
// waits for the noting.
func (s *Service) Noting(store messaging.Store) messaging.Store { return &noting{store, s} }

// Append notes the message's files and then appends it.
func (n *noting) Append(ctx context.Context, m messaging.Message, done func(messaging.Appended, error)) error {
	if err := n.files.attach(ctx, m, attached(m.Metadata)); err != nil {
		return err
	}
	return n.Store.Append(ctx, m, done)
}

// Edit edits a message, then notes files that it shows now and not before, and the other
// way round. What a crash in between leaves is put right by MessageEdited.
func (n *noting) Edit(ctx context.Context, channel domain.ChannelID, id domain.MessageID,
	change func(messaging.Message) (messaging.Message, error)) (messaging.Message, error) {
	var before []place
	m, err := n.Store.Edit(ctx, channel, id, func(m messaging.Message) (messaging.Message, error) {
		before = attached(m.Metadata)
		return change(m)
	})
	if err != nil {
		return m, err
	}
	after := attached(m.Metadata)
	var added []place
	for _, p := range after {
		if !slices.Contains(before, p) {
			added = append(added, p)
		}
	}
	if err := n.files.attach(ctx, m, added); err != nil {
		return m, err
	}
	if !slices.ContainsFunc(before, func(p place) bool { return !slices.Contains(after, p) }) {
		return m, nil
	}
	return m, n.files.drop(ctx, m.ID, after)
}

// attach notes that a message refers to files. Those that do not exist are none of ours.
func (s *Service) attach(ctx context.Context, m messaging.Message, places []place) error {
	for _, p := range places {
		ref := Ref{MessageID: m.ID, ChannelID: m.ChannelID, Since: s.stamp()}
		if _, err := s.o.Store.AttachFile(ctx, p.owner, p.filename, ref); err != nil {
			return err
		}
	}
	return nil
}

// drop takes a message off the files that it referred to, but for those it keeps.
func (s *Service) drop(ctx context.Context, id domain.MessageID, keeps []place) error {
	files, err := s.o.Store.FilesOf(ctx, id)
	if err != nil {
		return err
	}
	for _, f := range files {
		if slices.Contains(keeps, place{f.Owner, f.Filename}) {
			continue
		}
		if err := s.detach(ctx, f, func(r Ref) bool { return r.MessageID == id }); err != nil {
			return err
		}
	}
	return nil
}

// detach takes messages off a file, also those that turn out not to be there, and removes
// the file if none is left.
func (s *Service) detach(ctx context.Context, f File, gone func(Ref) bool) error {
	var ids []domain.MessageID
	for _, r := range f.Refs {
		dead := gone(r)
		if !dead {
			var err error
			if dead, err = s.dead(ctx, r); err != nil {
				return err
			}
		}
		if dead {
			ids = append(ids, r.MessageID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	left, err := s.o.Store.DetachFile(ctx, f.ID, ids)
	if err != nil || !left {
		return err
	}
	return s.finish(ctx, f)
}

// dead reports whether the message of an entry is deleted, or never came to be: of a young
// entry it may still be on its way.
func (s *Service) dead(ctx context.Context, r Ref) (bool, error) {
	m, err := s.o.Messages.Lookup(ctx, r.MessageID)
	if domain.IsCode(err, domain.NotFound) {
		return s.stamp().Sub(r.Since) > s.age(), nil
	}
	return err == nil && m.Deleted, err
}
