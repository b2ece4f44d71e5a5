package storagetest

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/media"
)

// newFile returns a file that is not stored, with every field set.
func newFile() media.File {
	return media.File{
		ID: domain.NewID[domain.FileID](), Owner: media.Owner{Kind: media.OfChannel, ID: domain.NewID[string]()},
		Filename: domain.NewID[string]() + ".png", OriginalName: "Photo " + oddText, MIME: "image/png", Class: media.Image,
		Size: 1 << 33, SHA256: "e3b0c442", Width: 640, Height: 480, Uploader: domain.NewID[domain.EntityID](), Metadata: metadata(),
		CreatedAt: now(), State: media.Arriving,
	}
}

// fileCases are the cases of files.
func fileCases() []testCase {
	return []testCase{
		{"file keeps every field", fileRoundTrip},
		{"file is seen only while it is stored", fileStates},
		{"file of a taken id or name is a conflict", fileTaken},
		{"unknown file is not found", fileAbsent},
		{"files are listed newest first, by owner and class, in pages", filePages},
		{"messages that refer to a file are noted once each", fileRefs},
		{"file leaves with the last message, and only then", fileDetach},
		{"file with too many messages is pinned", filePinned},
		{"files of a channel's messages come in pages", fileInChannel},
		{"unfinished files are found by their age", fileUnfinished},
		{"of many who take the last message one is told", fileDetachRace},
	}
}

// addFile stores a file, in the state of stored.
func (k *kit) addFile(change ...func(*media.File)) media.File {
	k.Helper()
	f := newFile()
	for _, c := range change {
		c(&f)
	}
	k.must(k.files().AddFile(k.Context(), f))
	k.must(k.files().KeepFile(k.Context(), f.ID))
	f.State = media.Stored
	return f
}

// attach notes a new message of a channel at a file.
func (k *kit) attach(f media.File, channel domain.ChannelID) media.Ref {
	k.Helper()
	ref := media.Ref{MessageID: domain.NewID[domain.MessageID](), ChannelID: channel, Since: now()}
	found, err := k.files().AttachFile(k.Context(), f.Owner, f.Filename, ref)
	k.must(err)
	if !found {
		k.Fatal("the file was not found")
	}
	return ref
}

func fileRoundTrip(k *kit) {
	want := k.addFile()
	got, err := k.files().File(k.Context(), want.ID)
	k.must(err)
	if !reflect.DeepEqual(got, want) {
		k.Fatalf(" got %+v\nwant %+v", got, want)
	}
	bare := media.File{ID: domain.NewID[domain.FileID](), Owner: media.Owner{Kind: media.OfAgent, ID: "x"}, CreatedAt: now(), State: media.Stored}
	k.must(k.files().AddFile(k.Context(), bare))
	got, err = k.files().File(k.Context(), bare.ID)
	k.must(err)
	if !reflect.DeepEqual(got, bare) {
		k.Fatalf(" got %+v\nwant %+v", got, bare)
	}
}

func fileStates(k *kit) {
	f, store := newFile(), k.files()
	k.must(store.AddFile(k.Context(), f))
	seen := func() bool {
		_, err := store.File(k.Context(), f.ID)
		_, total, errList := store.Files(k.Context(), media.Query{Owner: f.Owner, Limit: 1})
		found, errAttach := store.AttachFile(k.Context(), f.Owner, f.Filename, media.Ref{MessageID: domain.NewID[domain.MessageID]()})
		k.must(errList)
		k.must(errAttach)
		if (err == nil) != (total == 1) || found != (err == nil) {
			k.Fatalf("file: %v, listed: %d, attached: %v", err, total, found)
		}
		return err == nil
	}
	if seen() {
		k.Error("an arriving file is seen")
	}
	k.must(store.KeepFile(k.Context(), f.ID))
	if !seen() {
		k.Error("a stored file is not seen")
	}
	k.wantCode(store.KeepFile(k.Context(), f.ID), domain.NotFound)
	k.must(store.ForgetFile(k.Context(), f.ID))
	if !seen() {
		k.Error("a stored file was forgotten")
	}
	for range 2 {
		left, err := store.LeaveFile(k.Context(), f.ID)
		k.must(err)
		if left.State != media.Leaving || left.Filename != f.Filename || seen() {
			k.Errorf("leaving: %+v", left)
		}
	}
	for range 2 {
		k.must(store.ForgetFile(k.Context(), f.ID))
	}
	_, err := store.LeaveFile(k.Context(), f.ID)
	k.wantCode(err, domain.NotFound)
}

func fileTaken(k *kit) {
	first := k.addFile()
	sameID, sameName := newFile(), newFile()
	sameID.ID = first.ID
	sameName.Owner, sameName.Filename = first.Owner, first.Filename
	k.wantCode(k.files().AddFile(k.Context(), sameID), domain.Conflict)
	k.wantCode(k.files().AddFile(k.Context(), sameName), domain.Conflict)
	otherOwner := newFile()
	otherOwner.Filename = first.Filename
	k.must(k.files().AddFile(k.Context(), otherOwner))
}

func fileAbsent(k *kit) {
	id := domain.NewID[domain.FileID]()
	_, err := k.files().File(k.Context(), id)
	k.wantCode(err, domain.NotFound)
	k.wantCode(k.files().KeepFile(k.Context(), id), domain.NotFound)
	k.must(k.files().ForgetFile(k.Context(), id))
	left, err := k.files().DetachFile(k.Context(), id, []domain.MessageID{domain.NewID[domain.MessageID]()})
	k.must(err)
	found, err := k.files().AttachFile(k.Context(), newFile().Owner, "a", media.Ref{})
	k.must(err)
	list, err := k.files().FilesOf(k.Context(), domain.NewID[domain.MessageID]())
	k.must(err)
	if left || found || len(list) > 0 {
		k.Fatal(left, found, list)
	}
}

func filePages(k *kit) {
	owner := newFile().Owner
	var ids []domain.FileID
	for i := range 7 {
		ids = append(ids, k.addFile(func(f *media.File) {
			f.Owner = owner
			if i%2 == 1 {
				f.Class = media.Audio
			}
		}).ID)
	}
	slices.Reverse(ids)
	page := func(q media.Query) (got []domain.FileID, total int) {
		list, total, err := k.files().Files(k.Context(), q)
		k.must(err)
		for _, f := range list {
			got = append(got, f.ID)
		}
		return got, total
	}
	for offset, want := range map[int][]domain.FileID{0: ids[:3], 3: ids[3:6], 6: ids[6:], 7: nil} {
		if got, total := page(media.Query{Owner: owner, Limit: 3, Offset: offset}); !slices.Equal(got, want) || total != 7 {
			k.Errorf("from %d: %v of %d, want %v", offset, got, total, want)
		}
	}
	if got, total := page(media.Query{Owner: owner, Class: media.Audio, Limit: 9}); !slices.Equal(got, []domain.FileID{ids[1], ids[3], ids[5]}) || total != 3 {
		k.Errorf("audio: %v of %d", got, total)
	}
	if got, total := page(media.Query{Class: media.Audio, Limit: 2}); len(got) != 2 || total < 3 {
		k.Errorf("all audio: %v of %d", got, total)
	}
	if got, total := page(media.Query{Limit: 2}); len(got) != 2 || total < 7 {
		k.Errorf("all: %v of %d", got, total)
	}
}

func fileRefs(k *kit) {
	f, channel := k.addFile(), domain.NewID[domain.ChannelID]()
	first := k.attach(f, channel)
	second := k.attach(f, channel)
	again := first
	again.Since = again.Since.Add(time.Hour)
	if found, err := k.files().AttachFile(k.Context(), f.Owner, f.Filename, again); err != nil || !found {
		k.Fatal(found, err)
	}
	f.Refs = []media.Ref{first, second}
	for _, ref := range f.Refs {
		list, err := k.files().FilesOf(k.Context(), ref.MessageID)
		k.must(err)
		if !reflect.DeepEqual(list, []media.File{f}) {
			k.Fatalf(" got %+v\nwant %+v", list, f)
		}
	}
	got, err := k.files().File(k.Context(), f.ID)
	k.must(err)
	if !reflect.DeepEqual(got, f) {
		k.Fatalf(" got %+v\nwant %+v", got, f)
	}
}

func fileDetach(k *kit) {
	f, channel := k.addFile(), domain.NewID[domain.ChannelID]()
	refs := []media.Ref{k.attach(f, channel), k.attach(f, channel), k.attach(f, channel)}
	detach := func(want bool, ids ...domain.MessageID) {
		k.Helper()
		left, err := k.files().DetachFile(k.Context(), f.ID, ids)
		k.must(err)
		if left != want {
			k.Fatalf("left %v, want %v", left, want)
		}
	}
	detach(false, domain.NewID[domain.MessageID]())
	detach(false, refs[0].MessageID)
	detach(false, refs[0].MessageID)
	detach(true, refs[1].MessageID, refs[2].MessageID)
	detach(false, refs[2].MessageID)
	_, err := k.files().File(k.Context(), f.ID)
	k.wantCode(err, domain.NotFound)
	never := k.addFile()
	left, err := k.files().DetachFile(k.Context(), never.ID, []domain.MessageID{refs[0].MessageID})
	k.must(err)
	if left {
		k.Error("a file that no message referred to left")
	}
}

func filePinned(k *kit) {
	f, channel := k.addFile(), domain.NewID[domain.ChannelID]()
	var ids []domain.MessageID
	for range media.MaxRefs {
		ids = append(ids, k.attach(f, channel).MessageID)
	}
	got, err := k.files().File(k.Context(), f.ID)
	k.must(err)
	if got.Pinned || len(got.Refs) != media.MaxRefs {
		k.Fatalf("pinned %v with %d", got.Pinned, len(got.Refs))
	}
	k.attach(f, channel)
	left, err := k.files().DetachFile(k.Context(), f.ID, ids)
	k.must(err)
	got, err = k.files().File(k.Context(), f.ID)
	k.must(err)
	if left || !got.Pinned || len(got.Refs) != 0 {
		k.Fatalf("left %v, pinned %v with %d", left, got.Pinned, len(got.Refs))
	}
}

func fileInChannel(k *kit) {
	channel, other := domain.NewID[domain.ChannelID](), domain.NewID[domain.ChannelID]()
	var want []domain.FileID
	for range 5 {
		f := k.addFile()
		k.attach(f, channel)
		k.attach(f, channel)
		k.attach(f, other)
		want = append(want, f.ID)
	}
	k.attach(k.addFile(), other)
	var got []domain.FileID
	for after := domain.FileID(""); ; {
		list, err := k.files().FilesIn(k.Context(), channel, after, 2)
		k.must(err)
		if len(list) == 0 {
			break
		}
		for _, f := range list {
			if len(f.Refs) != 3 {
				k.Errorf("%d refs", len(f.Refs))
			}
			got = append(got, f.ID)
		}
		after = got[len(got)-1]
	}
	if !slices.Equal(got, want) {
		k.Errorf(" got %v\nwant %v", got, want)
	}
}

func fileUnfinished(k *kit) {
	old := now().Add(-time.Hour)
	add := func(created time.Time, state media.State) domain.FileID {
		f := newFile()
		f.CreatedAt, f.State = created, state
		k.must(k.files().AddFile(k.Context(), f))
		return f.ID
	}
	oldArriving, youngArriving := add(old, media.Arriving), add(now(), media.Arriving)
	youngLeaving, oldStored := add(now(), media.Leaving), add(old, media.Stored)
	list, err := k.files().UnfinishedFiles(k.Context(), now().Add(-time.Minute), 1000)
	k.must(err)
	has := func(id domain.FileID) bool {
		return slices.ContainsFunc(list, func(f media.File) bool { return f.ID == id })
	}
	if !has(oldArriving) || !has(youngLeaving) || has(youngArriving) || has(oldStored) {
		k.Errorf("old arriving %v, leaving %v, young arriving %v, stored %v", has(oldArriving), has(youngLeaving), has(youngArriving), has(oldStored))
	}
	list, err = k.files().UnfinishedFiles(k.Context(), now().Add(-time.Minute), 1)
	k.must(err)
	if len(list) != 1 {
		k.Errorf("%d files, want 1", len(list))
	}
}

func fileDetachRace(k *kit) {
	f, channel := k.addFile(), domain.NewID[domain.ChannelID]()
	refs := make([]media.Ref, racers)
	var all sync.WaitGroup
	for i := range refs {
		all.Go(func() { refs[i] = k.attach(f, channel) })
	}
	all.Wait()
	next := make(chan media.Ref, racers)
	for _, r := range refs {
		next <- r
	}
	k.oneWinner(func() (bool, error) {
		return k.files().DetachFile(k.Context(), f.ID, []domain.MessageID{(<-next).MessageID})
	})
}

// fileCalls are all methods of the store of files, on data that exists.
func (k *kit) fileCalls() []call {
	k.Helper()
	f, store := k.addFile(), k.files()
	ref := k.attach(f, domain.NewID[domain.ChannelID]())
	return []call{
		{"AddFile", func(ctx context.Context) error { return store.AddFile(ctx, newFile()) }},
		{"KeepFile", func(ctx context.Context) error { return store.KeepFile(ctx, f.ID) }},
		{"LeaveFile", func(ctx context.Context) error { _, err := store.LeaveFile(ctx, f.ID); return err }},
		{"ForgetFile", func(ctx context.Context) error { return store.ForgetFile(ctx, f.ID) }},
		{"File", func(ctx context.Context) error { _, err := store.File(ctx, f.ID); return err }},
		{"Files", func(ctx context.Context) error { _, _, err := store.Files(ctx, media.Query{Limit: 1}); return err }},
		{"AttachFile", func(ctx context.Context) error { _, err := store.AttachFile(ctx, f.Owner, f.Filename, ref); return err }},
		{"FilesOf", func(ctx context.Context) error { _, err := store.FilesOf(ctx, ref.MessageID); return err }},
		{"FilesIn", func(ctx context.Context) error { _, err := store.FilesIn(ctx, ref.ChannelID, "", 1); return err }},
		{"DetachFile", func(ctx context.Context) error {
			_, err := store.DetachFile(ctx, f.ID, []domain.MessageID{ref.MessageID})
			return err
		}},
		{"UnfinishedFiles", func(ctx context.Context) error { _, err := store.UnfinishedFiles(ctx, now(), 1); return err }},
	}
}
