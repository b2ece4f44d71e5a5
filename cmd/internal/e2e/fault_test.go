package e2e_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
)

// Environment variables that make this test program a server with a fault: one that kills
// itself before a step of a turn or of a deletion, and one whose clock is off by a duration.
const (
	killAt  = "PARLEY_TEST_KILL_AT"
	clockBy = "PARLEY_TEST_CLOCK_BY"
)

// serveFaulty runs a server with the faults that the environment names. It gets kill -9, by
// its own hand, before a step of the first turn or deletion that comes to it.
func serveFaulty() error {
	step := os.Getenv(killAt)
	off, err := time.ParseDuration(cmp.Or(os.Getenv(clockBy), "0s"))
	if err := errors.Join(err, os.Unsetenv(killAt), os.Unsetenv(clockBy)); err != nil { // they are no settings
		return err
	}
	cfg, err := config.Load(config.Source{Env: os.Environ(), Dir: os.Getenv("HOME"), ReadFile: os.ReadFile})
	if err != nil {
		return err
	}
	kill := func(now string) error {
		if step != "" && now == step {
			return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), errors.New("killed"))
		}
		return nil
	}
	a, err := app.New(context.Background(), cfg, app.Options{Version: "test", OnTurnStep: kill, OnDeletion: kill,
		Now: func() time.Time { return time.Now().Add(off) }})
	if err != nil {
		return err
	}
	return a.Run(context.Background())
}

// TestAKillAtAnyStepOfATurnLosesAndDoublesNothing kills the server before each step of
// an agent's turn, above all between the written outcome and the append of the answer,
// and checks after a restart that the question was answered exactly once.
func TestAKillAtAnyStepOfATurnLosesAndDoublesNothing(t *testing.T) {
	steps := []string{"take", "think", "commit", "append 0", "finish turn", "finish duty", "complete"}
	brief := []string{"commit", "append 0", "finish duty"}
	if testing.Short() {
		steps = brief
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			with := inSoak
			if slices.Contains(brief, step) {
				with = inFull
			}
			scenario(t, with, func(t *testing.T, on topology) {
				p := on.start(t)
				p.arm(self, killAt+"="+step)
				k := newTalkers(t, p, 1)[0]
				id := uuid.NewString()
				question, lost := post(t.Context(), p, k, id, "My cat is called Tiger")
				if ended, _ := p.ends(patience); !ended {
					t.Fatal("the server lives")
				}
				p.kill() // the others would meet the step too
				p.launch()
				if lost != nil { // the kill came before the ack went out
					if question, err = post(t.Context(), p, k, id, "My cat is called Tiger"); err != nil {
						t.Fatal(err)
					}
				}
				eventually(t, "the answer", func() error { return answeredOnce(t.Context(), p, k, question.ID) })
			})
		})
	}
}

// post sends a talker's message under an id of the talker's, and returns what was
// acknowledged.
func post(ctx context.Context, p *cluster, k *talker, id, text string) (acked, error) {
	var a acked
	err := p.call(ctx, http.MethodPost, "/api/messaging/central-channels/"+k.channel+"/messages", map[string]any{
		"author_id": k.user, "server_id": defaultServer, "content": text, "messageId": id, "source_type": "client_chat",
	}, &a)
	return a, err
}

// answeredOnce fails unless the channel holds the question and one answer.
func answeredOnce(ctx context.Context, p *cluster, k *talker, question string) error {
	rows, err := p.history(ctx, k.channel)
	if err != nil {
		return err
	}
	if len(rows) != 2 || rows[0].InReplyTo == nil || *rows[0].InReplyTo != question || rows[1].ID != question {
		return fmt.Errorf("the history is %s", strings.ReplaceAll(fmt.Sprintf("%+v", rows), "} ", "}\n"))
	}
	return nil
}

// TestAnswersOverCuts cuts connections at a random chunk of an answer, 200 in full size.
func TestAnswersOverCuts(t *testing.T) {
	cuts := "200"
	if testing.Short() {
		cuts = "50"
	}
	scenario(t, inFull, func(t *testing.T, on topology) {
		if on == three && !soaking() {
			cuts = "20"
		}
		node(t, "streams.mjs", on.start(t, "PARLEY_BUILTIN_PACE=30ms").url, cuts)
	})
}

// TestTheAgentUnderFaults asks too much of the agent, and takes questions, answers and
// the agent itself away. Of three replicas it asks less, for the database of the tests is slow.
func TestTheAgentUnderFaults(t *testing.T) {
	scenario(t, inSoak, func(t *testing.T, on topology) {
		questions := "500"
		if on == three {
			questions = "50"
		}
		node(t, "faults.mjs", on.start(t, "PARLEY_BUILTIN_PACE=100ms", "RATE_LIMIT_SOCKET=0").url, questions)
	})
}
