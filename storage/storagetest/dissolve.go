package storagetest

import (
	"reflect"
	"slices"
	"sync"

	"parley/domain"
	"parley/domain/messaging"
)

// dissolveCases are the cases of servers that are changed and deleted, and of what is
// found for that.
func dissolveCases() []testCase {
	return []testCase{
		{"server keeps its agents in their order", serverAgents},
		{"server changes in what the change makes of it", serverUpdate},
		{"of many changes of a server none is lost", serverUpdateRace},
		{"retired server is gone and keeps its id", serverRetire},
		{"of many who retire a server one hears that it existed", serverRetireRace},
		{"channels are counted as they are listed", channelCount},
		{"channels are found by what another platform calls them", channelBySource},
		{"channels of a participant are found by name", channelByName},
		{"channel changes its type", channelRetype},
		{"edit changes source and reference of a message", editSource},
		{"duties of one agent are found in all channels", dutiesOf},
		{"leftover tells what it is of and when that was", leftoverTells},
		{"sweep of a leftover leaves what came later", leftoverBound},
	}
}

// server stores a new server.
func (k *kit) server(agents ...domain.AgentID) messaging.Server {
	k.Helper()
	s := newServer()
	s.Agents = agents
	stored, _, err := k.log().EnsureServer(k.Context(), s)
	k.must(err)
	return stored
}

func serverAgents(k *kit) {
	a, b := domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()
	s := k.server(b, a)
	read, err := k.log().Server(k.Context(), s.ID)
	k.must(err)
	if !slices.Equal(read.Agents, []domain.AgentID{b, a}) || !reflect.DeepEqual(read, s) {
		k.Errorf("got %+v", read)
	}
	all, err := k.log().Servers(k.Context())
	k.must(err)
	if i := slices.IndexFunc(all, func(o messaging.Server) bool { return o.ID == s.ID }); i < 0 || !reflect.DeepEqual(all[i], s) {
		k.Errorf("listed at %d", i)
	}
}

func serverUpdate(k *kit) {
	s := k.server(domain.NewID[domain.AgentID]())
	stored, err := k.log().UpdateServer(k.Context(), s.ID, func(s messaging.Server) (messaging.Server, error) {
		s.Name, s.SourceType, s.Agents = oddText, "not kept", nil
		s.Metadata = metadata()
		return s, nil
	})
	k.must(err)
	read, err := k.log().Server(k.Context(), s.ID)
	k.must(err)
	if !reflect.DeepEqual(read, stored) || read.Name != oddText || read.SourceType != s.SourceType || len(read.Agents) != 0 ||
		!reflect.DeepEqual(read.Metadata, metadata()) || read.UpdatedAt.Before(s.UpdatedAt) || !read.CreatedAt.Equal(s.CreatedAt) {
		k.Errorf("stored %+v\n  read %+v", stored, read)
	}
	refusal := domain.Errorf(domain.Conflict, "no")
	_, err = k.log().UpdateServer(k.Context(), s.ID, func(s messaging.Server) (messaging.Server, error) {
		s.Name = "not kept"
		return s, refusal
	})
	k.wantCode(err, domain.Conflict)
	again, err := k.log().Server(k.Context(), s.ID)
	k.must(err)
	if again.Name != oddText {
		k.Errorf("a refused change is stored: %+v", again)
	}
	_, err = k.log().UpdateServer(k.Context(), domain.NewID[domain.ServerID](), func(s messaging.Server) (messaging.Server, error) { return s, nil })
	k.wantCode(err, domain.NotFound)
}

func serverUpdateRace(k *kit) {
	s := k.server()
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			_, err := k.log().UpdateServer(k.Context(), s.ID, func(s messaging.Server) (messaging.Server, error) {
				s.Agents = append(slices.Clip(s.Agents), domain.NewID[domain.AgentID]())
				return s, nil
			})
			if err != nil {
				k.Error(err)
			}
		})
	}
	all.Wait()
	read, err := k.log().Server(k.Context(), s.ID)
	k.must(err)
	if len(read.Agents) != racers {
		k.Errorf("%d of %d agents", len(read.Agents), racers)
	}
}

func serverRetire(k *kit) {
	s := k.server()
	existed, err := k.log().RetireServer(k.Context(), s.ID)
	k.must(err)
	if !existed {
		k.Error("it did not exist")
	}
	_, err = k.log().Server(k.Context(), s.ID)
	k.wantCode(err, domain.NotFound)
	_, err = k.log().UpdateServer(k.Context(), s.ID, func(s messaging.Server) (messaging.Server, error) { return s, nil })
	k.wantCode(err, domain.NotFound)
	_, _, err = k.log().EnsureServer(k.Context(), s)
	k.wantCode(err, domain.Conflict)
	all, err := k.log().Servers(k.Context())
	k.must(err)
	retired, err := k.log().RetiredServers(k.Context())
	k.must(err)
	if slices.ContainsFunc(all, func(o messaging.Server) bool { return o.ID == s.ID }) || !slices.Contains(retired, s.ID) {
		k.Errorf("listed; retired are %v", retired)
	}
	for range 2 {
		k.must(k.log().ForgetServer(k.Context(), s.ID))
	}
	if retired, err = k.log().RetiredServers(k.Context()); err != nil || slices.Contains(retired, s.ID) {
		k.Errorf("retired %v, %v", retired, err)
	}
	existed, err = k.log().RetireServer(k.Context(), s.ID)
	k.must(err)
	if existed {
		k.Error("it is there again")
	}
	kept := k.server()
	k.must(k.log().ForgetServer(k.Context(), kept.ID))
	_, err = k.log().Server(k.Context(), kept.ID) // it was not retired
	k.must(err)
}

func serverRetireRace(k *kit) {
	s := k.server()
	k.oneWinner(func() (bool, error) { return k.log().RetireServer(k.Context(), s.ID) })
}

// channelOf stores a channel of a server that change has altered.
func (k *kit) channelOf(server domain.ServerID, change func(*messaging.Channel)) messaging.Channel {
	k.Helper()
	c := newChannel()
	c.ServerID = server
	change(&c)
	stored, _, err := k.log().EnsureChannel(k.Context(), c)
	k.must(err)
	return stored
}

func channelCount(k *kit) {
	server, person := domain.NewID[domain.ServerID](), domain.NewID[domain.EntityID]()
	for i := range 5 {
		k.channelOf(server, func(c *messaging.Channel) {
			if i%2 == 0 {
				c.Type, c.Participants = messaging.TypeGroup, []domain.EntityID{person}
			}
		})
	}
	for _, tt := range []struct {
		q    messaging.ChannelQuery
		want int
	}{
		{messaging.ChannelQuery{Server: server, Limit: 2, Offset: 1}, 5},
		{messaging.ChannelQuery{Server: server, Type: messaging.TypeGroup}, 3},
		{messaging.ChannelQuery{Server: server, Participant: person, Type: messaging.TypeDM}, 0},
		{messaging.ChannelQuery{Participant: person}, 3},
		{messaging.ChannelQuery{Server: domain.NewID[domain.ServerID]()}, 0},
	} {
		if n, err := k.log().CountChannels(k.Context(), tt.q); err != nil || n != tt.want {
			k.Errorf("%+v: %d, %v; want %d", tt.q, n, err, tt.want)
		}
	}
}

func channelBySource(k *kit) {
	server := domain.NewID[domain.ServerID]()
	want := k.channelOf(server, func(c *messaging.Channel) { c.SourceID = oddText })
	k.channelOf(server, func(c *messaging.Channel) { c.SourceID = "another" })
	k.channelOf(domain.NewID[domain.ServerID](), func(c *messaging.Channel) { c.SourceID = oddText })
	found, err := k.log().Channels(k.Context(), messaging.ChannelQuery{Server: server, SourceID: oddText})
	k.must(err)
	if len(found) != 1 || found[0].ID != want.ID {
		k.Errorf("found %+v", found)
	}
	n, err := k.log().CountChannels(k.Context(), messaging.ChannelQuery{Server: server, SourceID: oddText})
	if err != nil || n != 1 {
		k.Errorf("counted %d, %v", n, err)
	}
}

func channelByName(k *kit) {
	server, person := domain.NewID[domain.ServerID](), domain.NewID[domain.EntityID]()
	named := func(name string) messaging.Channel {
		return k.channelOf(server, func(c *messaging.Channel) { c.Name, c.Participants = name, []domain.EntityID{person} })
	}
	want := named(oddText)
	named("another")
	found, err := k.log().Channels(k.Context(), messaging.ChannelQuery{Server: server, Participant: person, Name: oddText})
	k.must(err)
	if len(found) != 1 || found[0].ID != want.ID {
		k.Errorf("found %+v", found)
	}
}

func channelRetype(k *kit) {
	c := k.channel()
	stored, err := k.log().UpdateChannel(k.Context(), c.ID, func(c messaging.Channel) (messaging.Channel, error) {
		c.Type = messaging.TypeForum
		return c, nil
	})
	k.must(err)
	read, err := k.log().Channel(k.Context(), c.ID)
	k.must(err)
	if stored.Type != messaging.TypeForum || read.Type != messaging.TypeForum || read.Name != c.Name {
		k.Errorf("stored %+v, read %+v", stored, read)
	}
}

func editSource(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	other := domain.NewID[domain.MessageID]()
	edited, err := k.log().Edit(k.Context(), m.ChannelID, m.ID, func(m messaging.Message) (messaging.Message, error) {
		m.SourceType, m.InReplyTo, m.AuthorName = "another", other, "not kept"
		return m, nil
	})
	k.must(err)
	read, err := k.log().Message(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	k.same(read, edited)
	if read.SourceType != "another" || read.InReplyTo != other || read.AuthorName != m.AuthorName || read.Rev != m.Rev+1 {
		k.Errorf("read %+v", read)
	}
}

func dutiesOf(k *kit) {
	agent, other := domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()
	var want []domain.MessageID
	for range 3 {
		channel := k.channel().ID
		for _, awaiting := range [][]domain.AgentID{{agent, other}, {other}, nil} {
			m := newMessage(channel)
			m.Awaiting = awaiting
			if k.append(m); slices.Contains(awaiting, agent) {
				want = append(want, m.ID)
			}
		}
	}
	gone := newMessage(k.channel().ID)
	gone.Awaiting = []domain.AgentID{agent}
	k.append(gone)
	k.clear(gone.ChannelID)
	dead := newMessage(k.channel().ID)
	dead.Awaiting = []domain.AgentID{agent}
	k.append(dead)
	_, err := k.log().DeleteChannel(k.Context(), dead.ChannelID)
	k.must(err)
	found, err := k.log().DutiesOf(k.Context(), agent, 100)
	k.must(err)
	var ids []domain.MessageID
	for _, m := range found {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	slices.Sort(want)
	if !slices.Equal(ids, want) {
		k.Errorf("found %v, want %v", ids, want)
	}
	if found, err = k.log().DutiesOf(k.Context(), agent, 2); err != nil || len(found) != 2 {
		k.Errorf("%d of 2, %v", len(found), err)
	}
	if found, err = k.log().DutiesOf(k.Context(), domain.NewID[domain.AgentID](), 2); err != nil || len(found) != 0 {
		k.Errorf("an agent without duties has %d, %v", len(found), err)
	}
}

func leftoverTells(k *kit) {
	channel := k.posts(k.channel().ID, 3)[0].ChannelID
	entry := k.clear(channel)
	last := k.posts(channel, 1)[0]
	left := k.leftovers(channel)
	if len(left) != 1 || left[0].Deleted || left[0].ChannelID != channel || !left[0].At.Equal(entry.CreatedAt) {
		k.Fatalf("left of the clear: %+v", left)
	}
	_, err := k.log().DeleteChannel(k.Context(), channel)
	k.must(err)
	anew := newChannel()
	anew.ID = channel
	_, _, err = k.log().EnsureChannel(k.Context(), anew)
	k.must(err)
	left = k.leftovers(channel)
	if len(left) != 1 || !left[0].Deleted || left[0].At.Before(last.CreatedAt) {
		k.Fatalf("left of the deletion: %+v", left)
	}
	k.posts(channel, 1)
	k.clear(channel)
	if left = k.leftovers(channel); len(left) != 2 || left[0].Deleted == left[1].Deleted {
		k.Errorf("left of both: %+v", left)
	}
	k.sweep(channel, 1)
	if left = k.leftovers(channel); len(left) != 0 {
		k.Errorf("left after the sweep: %+v", left)
	}
}

func leftoverBound(k *kit) {
	channel := k.posts(k.channel().ID, 2)[0].ChannelID
	k.clear(channel)
	first := k.leftovers(channel)[0]
	k.posts(channel, 2)
	k.clear(channel)
	for range 2 { // the second one finds nothing to do
		swept, err := k.log().Sweep(k.Context(), first, 100)
		k.must(err)
		if swept.Left {
			k.Error("the leftover has no end")
		}
		if left := k.leftovers(channel); len(left) != 1 || left[0].Mark == first.Mark {
			k.Fatalf("the later clear is swept too: %+v", left)
		}
	}
}
