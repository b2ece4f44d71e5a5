package badinput_test

import (
	"path"
	"sync"
	"testing"
)

// exception is a trial that ends otherwise than others, and why.
type exception struct {
	// trial is "operation field kind", each of which may be a pattern.
	trial string
	// want are the codes that it is answered with instead, "" for success.
	want   []string
	reason string
}

// exceptions are all there are.
var exceptions = []exception{
	{"agents:delete-log logId " + unknownID, success, "contract: 204, also if the log does not exist"},
	{"agents:servers agentId " + unknownID, success, "contract: 400 alone; it is in none"},
	{"channels:agents channelId " + unknownID, success, "contract: 400 alone; nobody takes part"},
	{"channels:title channelId " + unknownID, success, "contract: no title where there are fewer than four messages"},
	{"channels:delete channelId " + unknownID, success, "contract: 204, also if unknown"},
	{"channels:list serverId " + unknownID, success, "contract: an unknown server has no channels"},
	{"channels:participants channelId " + unknownID, success, "contract: an unknown channel has no participants"},
	{"channels:remove userId " + unknownID, success, "the contract's 404 is the channel's; who is not in it is out of it"},
	{"groups:clear serverId " + unknownID, success, "contract: 204; what is not there is empty already"},
	{"groups:create serverId " + unknownID, success, "the group is made under this id"},
	{"groups:create agentIds " + odd, []string{"CREATE_ERROR"}, "contract: 500 with each agent's error where all of them fail"},
	{"groups:delete serverId " + unknownID, success, "contract: 204; no agent has anything of it"},
	{"memories:clear-room roomId " + unknownID, success, "contract: 204; what is not there is empty already"},
	{"messages:clear channelId " + unknownID, success, "contract: 204; what is not there is empty already"},
	{"messages:delete * " + unknownID, success, "contract: 204, also if unknown"},
	{"messages:list channelId " + unknownID, success, "contract: an empty page; a client opens a chat before its first message"},
	{"messages:purge channelId " + unknownID, success, "the result is that nothing was deleted"},
	{"messages:send channelId " + unknownID, success, "contract: the channel is made"},
	{"messages:stop * " + unknownID, success, "nothing is being answered, so nothing is left to stop"},
	{"presence:list channelId " + unknownID, success, "a room may be entered before its channel exists; nobody is in it"},
	{"servers:agents serverId " + unknownID, success, "contract: 400 alone; none is there"},
	{"servers:unlink * " + unknownID, success, "contract: 400 alone; it is not there any more"},
	{"worlds:state channelId " + unknownID, success, "a chat is opened before its first message; its state is empty"},
	{"rooms:memories roomId " + unknownID, success, "the reference remembers nothing of such a room, and says so"},
	{"reads:list channelId " + unknownID, success, "nobody has read it"},
}

// success stands for an answer without an error.
var success = []string{""}

// skipped are the operations that are not called with what may be right, and why.
var skipped = map[string]string{
	"system:stop": "it would stop the server under the other trials",
}

// excuses finds the exceptions of trials and remembers which were needed.
type excuses struct {
	mu   sync.Mutex
	used map[string]bool
}

// covers reports whether an exception says that the trial may end with code.
func (e *excuses) covers(tr trial, code string) bool {
	for _, x := range exceptions {
		if ok, err := path.Match(x.trial, tr.op.Name+" "+tr.field+" "+tr.kind); err != nil || !ok {
			continue
		}
		for _, want := range x.want {
			if want == code {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.used[x.trial] = true
				return true
			}
		}
	}
	return false
}

// unused reports the exceptions that nothing needed.
func (e *excuses) unused(t *testing.T, s *server) {
	t.Helper()
	for _, x := range exceptions {
		if !e.used[x.trial] {
			t.Errorf("the exception for %q is no longer needed", x.trial)
		}
	}
	for name := range skipped {
		if s.Registry().Lookup(name) == nil {
			t.Errorf("there is no operation %s to skip", name)
		}
	}
}
