package op_test

import (
	"context"
	"fmt"
	"testing"

	"parley/domain"
	"parley/domain/op"
)

// The people of these tests: ann takes part in channel, bob in nothing.
const (
	ann = "aaaaaaaa-1111-4111-8111-111111111111"
	bob = "bbbbbbbb-1111-4111-8111-111111111111"
	// nowhere is a channel that does not exist.
	nowhere = "99999999-1111-4111-8111-111111111111"
)

// letter is a request with every kind of guarded field.
type letter struct {
	ChannelID domain.ChannelID   `json:"channelId" access:"channel"`
	NewID     domain.ChannelID   `json:"newId" access:"channel,new"`
	Copies    []domain.ChannelID `json:"copies" access:"channel"`
	Moved     *domain.ChannelID  `json:"moved" access:"channel"`
	AuthorID  domain.EntityID    `json:"authorId" alias:"userId" access:"self"`
	By        domain.EntityID    `json:"by" access:"self,filter"`
	Signers   []domain.EntityID  `json:"signers" access:"self"`
	Proxy     *domain.EntityID   `json:"proxy" access:"self"`
	To        domain.EntityID    `json:"to"`
}

// post declares an operation on letters in a registry that knows one channel.
func post() *op.Op {
	members := func(_ context.Context, id domain.ChannelID, entity domain.EntityID) (bool, error) {
		switch id {
		case channel:
			return entity == ann, nil
		case other:
			return false, nil
		default:
			return false, domain.Errorf(domain.NotFound, "Channel not found")
		}
	}
	return op.Define(op.NewRegistry(op.Options{Membership: members}), spec("letters:post", func(s *op.Spec) {
		s.Unguarded = map[string]string{"to": "anybody may be written to"}
	}), func(_ context.Context, _ domain.Actor, l letter) (letter, error) { return l, nil })
}

func TestBoundCallersStayInTheirChannels(t *testing.T) {
	member := domain.Actor{Role: domain.Member, Entity: ann, Bound: true}
	stranger := domain.Actor{Role: domain.Member, Entity: bob, Bound: true}
	nobody := domain.Actor{Role: domain.Member, Bound: true}
	tests := []struct {
		name  string
		actor domain.Actor
		body  string
		want  domain.Code
	}{
		{"a channel of its own", member, `{"channelId":"` + channel + `"}`, ""},
		{"a foreign channel", member, `{"channelId":"` + other + `"}`, domain.Forbidden},
		{"somebody else's channel", stranger, `{"channelId":"` + channel + `"}`, domain.Forbidden},
		{"a channel that does not exist", member, `{"channelId":"` + nowhere + `"}`, domain.NotFound},
		{"no channel", member, `{}`, ""},
		{"a channel to be made", member, `{"newId":"` + nowhere + `"}`, ""},
		{"a foreign channel as one to be made", member, `{"newId":"` + other + `"}`, domain.Forbidden},
		{"a list of its own", member, `{"copies":["` + channel + `","` + channel + `"]}`, ""},
		{"a list with a foreign one", member, `{"copies":["` + channel + `","` + other + `"]}`, domain.Forbidden},
		{"a list with one that does not exist", member, `{"copies":["` + channel + `","` + nowhere + `"]}`, ""},
		{"a foreign one behind a pointer", member, `{"moved":"` + other + `"}`, domain.Forbidden},
		{"a caller that is nobody", nobody, `{"channelId":"` + channel + `"}`, domain.Forbidden},
		{"a caller that is not bound", admin, `{"channelId":"` + other + `"}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, failure := post().Call(t.Context(), tt.actor, op.Input{Body: []byte(tt.body)})
			if tt.want == "" && failure != nil || tt.want != "" && !domain.IsCode(failure, tt.want) {
				t.Fatalf("failure %v, want %q", failure, tt.want)
			}
		})
	}
}

func TestBoundCallersActAsThemselves(t *testing.T) {
	bound := domain.Actor{Role: domain.Member, Entity: ann, Bound: true}
	named := domain.Actor{Role: domain.Admin, Entity: ann}
	tests := []struct {
		name, body string
		actor      domain.Actor
		want       string // author, by, signers, proxy
		code       domain.Code
	}{
		{"absent, bound", `{}`, bound, ann + " " + ann + " [" + ann + "] " + ann, ""},
		{"absent, with a name", `{}`, named, ann + "  [" + ann + "] " + ann, ""},
		{"absent, without a name", `{}`, admin, "  [] nil", ""},
		{"itself", `{"authorId":"` + ann + `","signers":["` + ann + `"],"proxy":"` + ann + `","by":"` + ann + `"}`, bound,
			ann + " " + ann + " [" + ann + "] " + ann, ""},
		{"another as the author", `{"authorId":"` + bob + `"}`, bound, "", domain.Forbidden},
		{"another under an alias", `{"userId":"` + bob + `"}`, bound, "", domain.Forbidden},
		{"another as a filter", `{"by":"` + bob + `"}`, bound, "", domain.Forbidden},
		{"another in a list", `{"signers":["` + ann + `","` + bob + `"]}`, bound, "", domain.Forbidden},
		{"another behind a pointer", `{"proxy":"` + bob + `"}`, bound, "", domain.Forbidden},
		{"anybody where it is not asked", `{"to":"` + bob + `"}`, bound, ann + " " + ann + " [" + ann + "] " + ann, ""},
		{"another, not bound", `{"authorId":"` + bob + `","signers":["` + bob + `"]}`, named, bob + "  [" + bob + "] " + ann, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, failure := post().Call(t.Context(), tt.actor, op.Input{Body: []byte(tt.body)})
			if tt.code != "" {
				if !domain.IsCode(failure, tt.code) {
					t.Fatalf("failure %v, want %q", failure, tt.code)
				}
				return
			}
			l, _ := res.(letter)
			proxy := "nil"
			if l.Proxy != nil {
				proxy = string(*l.Proxy)
			}
			if got := fmt.Sprintf("%s %s %s %s", l.AuthorID, l.By, l.Signers, proxy); failure != nil || got != tt.want {
				t.Fatalf("got %q, %v; want %q", got, failure, tt.want)
			}
		})
	}
}

func TestRegistryWithoutMembershipAdmitsNobody(t *testing.T) {
	o := op.Define(op.NewRegistry(op.Options{}), spec("letters:post"),
		func(_ context.Context, _ domain.Actor, l letter) (letter, error) { return l, nil })
	bound := domain.Actor{Role: domain.Member, Entity: ann, Bound: true}
	if _, failure := o.Call(t.Context(), bound, op.Input{Body: []byte(`{"channelId":"` + channel + `"}`)}); !domain.IsCode(failure, domain.Forbidden) {
		t.Fatalf("failure %v", failure)
	}
}

func TestUnguardedFieldsAreNamed(t *testing.T) {
	if names := post().Unguarded(); len(names) != 0 {
		t.Errorf("with a reason: %v", names)
	}
	if channels, selves := post().Guarded(); fmt.Sprint(channels, selves) != "[channelId newId copies moved] [authorId by signers proxy]" {
		t.Errorf("guarded: %v, %v", channels, selves)
	}
	o := op.Define(op.NewRegistry(op.Options{}), spec("notes:add"), echo)
	if names := o.Unguarded(); fmt.Sprint(names) != "[channelId authorId members]" {
		t.Errorf("without: %v", names)
	}
}

func TestWrongGuardsPanic(t *testing.T) {
	type onText struct {
		Text string `json:"text" access:"self"`
	}
	type swapped struct {
		Author domain.EntityID `json:"author" access:"channel"`
	}
	type misspelt struct {
		Author domain.EntityID `json:"author" access:"slef"`
	}
	type option struct {
		Author domain.EntityID `json:"author" access:"self,new"`
	}
	exempt := func(name string) func(*op.Spec) {
		return func(s *op.Spec) { s.Unguarded = map[string]string{name: "because"} }
	}
	tests := map[string]func(*op.Registry){
		"on a text":                              define[onText],
		"on the wrong id":                        define[swapped],
		"an unknown word":                        define[misspelt],
		"the other's option":                     define[option],
		"a reason for a field that is not there": func(r *op.Registry) { op.Define(r, spec("a:b", exempt("nothing")), echo) },
		"a reason for a guarded field": func(r *op.Registry) {
			op.Define(r, spec("a:b", exempt("channelId")), func(_ context.Context, _ domain.Actor, l letter) (letter, error) { return l, nil })
		},
	}
	for name, declare := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			declare(op.NewRegistry(op.Options{}))
		})
	}
}

// define declares an operation on a request type.
func define[T any](r *op.Registry) {
	op.Define(r, spec("things:do"), func(_ context.Context, _ domain.Actor, v T) (T, error) { return v, nil })
}
