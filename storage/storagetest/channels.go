package storagetest

import (
	"reflect"
	"slices"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// channelCases are the cases of channels and their participants.
func channelCases() []testCase {
	return []testCase{
		{"channel keeps every field", channelRoundTrip},
		{"channel without metadata and participants", channelBare},
		{"channel is created once", channelOnce},
		{"unknown channel is not found", channelAbsent},
		{"of many who ensure a channel one creates it", channelRace},
		{"channels are selected, the last updated first", channelQueries},
		{"channels come in pages", channelPages},
		{"participants are added once and in order", participantsAdded},
		{"participant is removed", participantRemoved},
		{"participants of an unknown channel are not found", participantsAbsent},
		{"participants added at once are all there", participantsRace},
		{"channel times have millisecond precision", channelTimes},
	}
}

func channelRoundTrip(k *kit) {
	want := newChannel(domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID]())
	stored, created, err := k.log().EnsureChannel(k.Context(), want)
	k.must(err)
	if !created || !reflect.DeepEqual(stored, want) {
		k.Fatalf("created %v\n got %+v\nwant %+v", created, stored, want)
	}
	read, err := k.log().Channel(k.Context(), want.ID)
	k.must(err)
	if !reflect.DeepEqual(read, want) {
		k.Fatalf(" got %+v\nwant %+v", read, want)
	}
}

func channelBare(k *kit) {
	bare := messaging.Channel{ID: domain.NewID[domain.ChannelID](), CreatedAt: now(), UpdatedAt: now()}
	_, _, err := k.log().EnsureChannel(k.Context(), bare)
	k.must(err)
	read, err := k.log().Channel(k.Context(), bare.ID)
	k.must(err)
	if len(read.Metadata) != 0 || len(read.Participants) != 0 || read.Name != "" || read.Type != "" {
		k.Fatalf("got %+v", read)
	}
}

func channelOnce(k *kit) {
	first := k.channel(domain.NewID[domain.EntityID]())
	second := newChannel(domain.NewID[domain.EntityID]())
	second.ID = first.ID
	stored, created, err := k.log().EnsureChannel(k.Context(), second)
	k.must(err)
	if created || !reflect.DeepEqual(stored, first) {
		k.Fatalf("created %v\n got %+v\nwant %+v", created, stored, first)
	}
}

func channelAbsent(k *kit) {
	_, err := k.log().Channel(k.Context(), domain.NewID[domain.ChannelID]())
	k.wantCode(err, domain.NotFound)
}

func channelRace(k *kit) {
	id := domain.NewID[domain.ChannelID]()
	k.oneWinner(func() (bool, error) {
		c := newChannel(domain.NewID[domain.EntityID]())
		c.ID = id
		_, created, err := k.log().EnsureChannel(k.Context(), c)
		return created, err
	})
	read, err := k.log().Channel(k.Context(), id)
	k.must(err)
	if len(read.Participants) != 1 {
		k.Errorf("participants of several writers: %v", read.Participants)
	}
}

// fleet stores five channels of one server, of two types, updated a second apart; the
// person takes part in those of even number.
func (k *kit) fleet(person domain.EntityID) (domain.ServerID, []messaging.Channel) {
	server := domain.NewID[domain.ServerID]()
	list := make([]messaging.Channel, 5)
	for i := range list {
		c := newChannel()
		c.ServerID, c.UpdatedAt = server, now().Add(time.Duration(i)*time.Second)
		if i%2 == 0 {
			c.Type, c.Participants = messaging.TypeGroup, []domain.EntityID{person}
		}
		_, _, err := k.log().EnsureChannel(k.Context(), c)
		k.must(err)
		list[i] = c
	}
	return server, list
}

func channelQueries(k *kit) {
	person := domain.NewID[domain.EntityID]()
	server, all := k.fleet(person)
	tests := []struct {
		name string
		q    messaging.ChannelQuery
		want []int
	}{
		{"server", messaging.ChannelQuery{Server: server}, []int{4, 3, 2, 1, 0}},
		{"server and type", messaging.ChannelQuery{Server: server, Type: messaging.TypeDM}, []int{3, 1}},
		{"participant", messaging.ChannelQuery{Participant: person}, []int{4, 2, 0}},
		{"server and participant", messaging.ChannelQuery{Server: server, Participant: person}, []int{4, 2, 0}},
		{"all three", messaging.ChannelQuery{Server: server, Participant: person, Type: messaging.TypeGroup}, []int{4, 2, 0}},
		{"none of that type", messaging.ChannelQuery{Participant: person, Type: messaging.TypeDM}, nil},
		{"unknown server", messaging.ChannelQuery{Server: domain.NewID[domain.ServerID]()}, nil},
	}
	for _, tt := range tests {
		found, err := k.log().Channels(k.Context(), tt.q)
		k.must(err)
		if len(found) != len(tt.want) {
			k.Fatalf("%s: %d channels, want %d", tt.name, len(found), len(tt.want))
		}
		for i, n := range tt.want {
			if !reflect.DeepEqual(found[i], all[n]) {
				k.Errorf("%s: channel %d\n got %+v\nwant %+v", tt.name, i, found[i], all[n])
			}
		}
	}
	found, err := k.log().Channels(k.Context(), messaging.ChannelQuery{})
	k.must(err)
	if len(found) < len(all) {
		k.Errorf("%d channels in all", len(found))
	}
}

func channelPages(k *kit) {
	server, all := k.fleet(domain.NewID[domain.EntityID]())
	for offset := range all {
		found, err := k.log().Channels(k.Context(), messaging.ChannelQuery{Server: server, Limit: 2, Offset: offset})
		k.must(err)
		if want := min(2, len(all)-offset); len(found) != want || found[0].ID != all[len(all)-1-offset].ID {
			k.Errorf("offset %d: %d channels, the first is %s", offset, len(found), found[0].ID)
		}
	}
	found, err := k.log().Channels(k.Context(), messaging.ChannelQuery{Server: server, Limit: 2, Offset: len(all)})
	k.must(err)
	if len(found) != 0 {
		k.Errorf("%d channels behind the end", len(found))
	}
}

func participantsAdded(k *kit) {
	a, b, c := domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID]()
	channel := k.channel(c)
	changed, err := k.log().AddParticipants(k.Context(), channel.ID, b, c, a, b)
	k.must(err)
	want := []domain.EntityID{c, b, a}
	read, err := k.log().Channel(k.Context(), channel.ID)
	k.must(err)
	if !slices.Equal(changed.Participants, want) || !slices.Equal(read.Participants, want) {
		k.Fatalf("answer %v, stored %v, want %v", changed.Participants, read.Participants, want)
	}
	if read.UpdatedAt.Before(channel.UpdatedAt) || !reflect.DeepEqual(read, changed) {
		k.Errorf(" got %+v\nread %+v", changed, read)
	}
	again, err := k.log().AddParticipants(k.Context(), channel.ID, a)
	k.must(err)
	if !reflect.DeepEqual(again, read) {
		k.Errorf("adding nobody new changed the channel: %+v", again)
	}
}

func participantRemoved(k *kit) {
	a, b, c := domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID]()
	channel := k.channel(a, b, c)
	changed, err := k.log().RemoveParticipant(k.Context(), channel.ID, b)
	k.must(err)
	if want := []domain.EntityID{a, c}; !slices.Equal(changed.Participants, want) {
		k.Fatalf("participants are %v, want %v", changed.Participants, want)
	}
	_, err = k.log().RemoveParticipant(k.Context(), channel.ID, b)
	k.must(err)
	changed, err = k.log().AddParticipants(k.Context(), channel.ID, b)
	k.must(err)
	if want := []domain.EntityID{a, c, b}; !slices.Equal(changed.Participants, want) {
		k.Fatalf("participants are %v, want %v", changed.Participants, want)
	}
	found, err := k.log().Channels(k.Context(), messaging.ChannelQuery{Participant: b})
	k.must(err)
	if len(found) != 1 || found[0].ID != channel.ID {
		k.Errorf("channels of the participant: %v", found)
	}
}

func participantsAbsent(k *kit) {
	id, entity := domain.NewID[domain.ChannelID](), domain.NewID[domain.EntityID]()
	_, err := k.log().AddParticipants(k.Context(), id, entity)
	k.wantCode(err, domain.NotFound)
	_, err = k.log().RemoveParticipant(k.Context(), id, entity)
	k.wantCode(err, domain.NotFound)
}

func participantsRace(k *kit) {
	channel := k.channel()
	shared := domain.NewID[domain.EntityID]()
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			if _, err := k.log().AddParticipants(k.Context(), channel.ID, domain.NewID[domain.EntityID](), shared); err != nil {
				k.Error(err)
			}
		})
	}
	all.Wait()
	read, err := k.log().Channel(k.Context(), channel.ID)
	k.must(err)
	if len(read.Participants) != racers+1 {
		k.Errorf("%d participants, want %d", len(read.Participants), racers+1)
	}
}

func channelTimes(k *kit) {
	for _, at := range []time.Time{time.UnixMilli(1).UTC(), time.Date(1969, 7, 20, 20, 17, 40, 123e6, time.UTC), time.Date(2262, 1, 1, 0, 0, 0, 999e6, time.UTC)} {
		c := newChannel()
		c.CreatedAt, c.UpdatedAt = at, at.Add(456*time.Millisecond)
		_, _, err := k.log().EnsureChannel(k.Context(), c)
		k.must(err)
		read, err := k.log().Channel(k.Context(), c.ID)
		k.must(err)
		if !read.CreatedAt.Equal(c.CreatedAt) || !read.UpdatedAt.Equal(c.UpdatedAt) || read.CreatedAt.Location() != time.UTC {
			k.Errorf("got %s and %s, want %s and %s", read.CreatedAt, read.UpdatedAt, c.CreatedAt, c.UpdatedAt)
		}
	}
}
