package realtime

import (
	"fmt"
	"testing"

	"parley/domain"
)

func TestACheckThatCouldNotBeToldIsToldAgain(t *testing.T) {
	h := heads{news: make(chan struct{}, 1), waiting: map[domain.ChannelID]int64{}}
	for i := range maxUntold + 1 {
		h.untold(domain.ChannelID(fmt.Sprint(i)), 1)
	}
	<-h.news
	h.giveBack(h.take())
	select {
	case <-h.news:
	default:
		t.Fatal("nobody is woken")
	}
	if notes := h.take(); len(notes) != 1 || notes[0].Kind != noteCheck {
		t.Errorf("%d notes are left", len(notes))
	}
}
