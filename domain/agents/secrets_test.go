package agents_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
)

func TestSecretsHaveTheReferencesForm(t *testing.T) {
	iv := make([]byte, 16)
	for i := range iv {
		iv[i] = byte(i)
	}
	const begin = "000102030405060708090a0b0c0d0e0f:"
	tests := []struct {
		plain  string
		salt   domain.Secret
		stored string
	}{
		{"sk-test-123", "secretsalt", begin + "630af98c23a0ea9b51e90ccee7b4850e"},
		{"Zoë", "pepper", begin + "afd17cdb2a540de2f36256047412796e"},
	}
	for _, tt := range tests {
		v := agents.NewVault(tt.salt)
		if got := v.EncryptWith(iv, tt.plain); got != tt.stored {
			t.Errorf("%q becomes %s", tt.plain, got)
		}
		if got := v.Decrypt(tt.stored); got != tt.plain {
			t.Errorf("%s becomes %q", tt.stored, got)
		}
		if got := v.Encrypt(tt.stored); got != tt.stored {
			t.Errorf("it is encrypted twice: %s", got)
		}
	}
}

func TestWhatCannotBeDecryptedStaysAsItIs(t *testing.T) {
	v := agents.NewVault("pepper")
	for _, text := range []string{
		"", "plain", "a:b", "a:b:c", "000102030405060708090a0b0c0d0e0f:", "000102030405060708090a0b0c0d0e0f:zz",
		"000102030405060708090a0b0c0d0e0f:630af98c23a0ea9b51e90ccee7b4850e", "000102030405060708090a0b0c0d0e0f:00:11",
		"000102030405060708090a0b0c0d0e0f:630af98c23a0ea9b51e90ccee7b485", "0001:630af98c23a0ea9b51e90ccee7b4850e",
	} {
		if got := v.Decrypt(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestOnlyTheWholeFormCountsAsEncrypted(t *testing.T) {
	v := agents.NewVault("secretsalt")
	for _, plain := range []string{"x", "user:password", "a:b:c", "0b9c7c3c-59a1-4f0f-9d0c-0f4f3d2b1a00:token", strings.Repeat("long ", 999), "16 bytes exactly"} {
		sealed := v.Encrypt(plain)
		if sealed == plain || v.Decrypt(sealed) != plain || v.Encrypt(sealed) != sealed || v.Encrypt(plain) == sealed {
			t.Errorf("%q becomes %q", plain, sealed)
		}
	}
}

func TestAtRestASecretIsBoundToItsPlace(t *testing.T) {
	v := agents.NewVault("pepper")
	outside := v.Encrypt("token")
	sealed := v.Seal(eliza, "secrets.K", outside)
	if strings.Contains(sealed, outside) || v.Unseal(eliza, "secrets.K", sealed) != outside {
		t.Fatalf("sealed %s", sealed)
	}
	for name, got := range map[string]string{
		"another agent": v.Unseal(domain.AgentID(ann), "secrets.K", sealed),
		"another name":  v.Unseal(eliza, "secrets.L", sealed),
		"another salt":  agents.NewVault("salt").Unseal(eliza, "secrets.K", sealed),
		"a changed one": v.Unseal(eliza, "secrets.K", sealed[:len(sealed)-2]+"AA"),
	} {
		if got == outside || !strings.HasPrefix(got, "gcm1:") {
			t.Errorf("%s reads %q", name, got)
		}
	}
}

func TestSecretsNeitherRestNorLeaveInClear(t *testing.T) {
	h := newHouse(t)
	c := character("Keeper")
	c.Secrets = map[string]json.RawMessage{"A": json.RawMessage(`"in the open"`), "N": json.RawMessage(`7`), "B": json.RawMessage(`true`)}
	c.Settings = map[string]json.RawMessage{"secrets": json.RawMessage(`{"C":"in the open too","E":""}`)}
	if _, err := h.agents.Seed(t.Context(), c, false); err != nil {
		t.Fatal(err)
	}
	stored, err := h.store.Agents.Agent(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	view := h.get(c.ID)
	for _, value := range []any{stored, view} {
		if data, err := json.Marshal(value); err != nil || strings.Contains(string(data), "open") {
			t.Errorf("in clear: %s, %v", data, err)
		}
	}
	salted := agents.NewVault(agents.DefaultSalt)
	if got := salted.Decrypt(text1(t, view.Secrets["A"])); got != "in the open" || string(view.Secrets["N"]) != "7" || string(view.Secrets["B"]) != "true" {
		t.Errorf("secrets %s", view.Secrets)
	}
	var nested map[string]json.RawMessage
	if err := json.Unmarshal(view.Settings["secrets"], &nested); err != nil || salted.Decrypt(text1(t, nested["C"])) != "in the open too" ||
		string(nested["E"]) != `""` {
		t.Errorf("secrets %s, %v", nested, err)
	}
	again := h.again().get(c.ID)
	if string(again.Secrets["A"]) != string(view.Secrets["A"]) {
		t.Errorf("after a restart they are shown as %s, before as %s", again.Secrets["A"], view.Secrets["A"])
	}
	member, err := h.agents.Get(t.Context(), domain.Actor{Role: domain.Member}, agents.GetRequest{AgentID: c.ID})
	if err != nil || member.Secrets != nil || member.Settings["secrets"] != nil {
		t.Errorf("a member sees %+v, %v", member, err)
	}
}

func TestSecretsOfAnOlderStoreAreEncryptedWhenItIsLoaded(t *testing.T) {
	h := newHouse(t)
	_, err := h.store.Agents.UpdateAgent(t.Context(), eliza, func(a agents.Agent) (agents.Agent, error) {
		a.Character.Secrets = map[string]json.RawMessage{"OLD": json.RawMessage(`"in the open"`)}
		return a, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	shown := h.again().get(eliza).Secrets["OLD"]
	if agents.NewVault(agents.DefaultSalt).Decrypt(text1(t, shown)) != "in the open" || strings.Contains(string(shown), "open") {
		t.Errorf("shown %s", shown)
	}
	stored, err := h.store.Agents.Agent(t.Context(), eliza)
	if err != nil || !strings.HasPrefix(text1(t, stored.Character.Secrets["OLD"]), "gcm1:") {
		t.Errorf("stored %s, %v", stored.Character.Secrets, err)
	}
}

func TestAChangedSaltAndBackLosesNothing(t *testing.T) {
	h := newHouse(t)
	h.patch(eliza, `{"secrets":{"K":"token"},"settings":{"secrets":{"L":"other"}}}`)
	var log strings.Builder
	wrong := enter(t, h.store, agents.ServiceOptions{Salt: "pepper", Logger: zerolog.New(&log)})
	view := wrong.get(eliza)
	if got := wrong.agents.Setting(eliza, "K"); got == "token" || strings.Contains(string(view.Secrets["K"]), "token") {
		t.Errorf("K is %v, shown as %s", got, view.Secrets["K"])
	}
	if !strings.Contains(log.String(), "SECRET_SALT") {
		t.Errorf("log %s", log.String())
	}
	back, err := json.Marshal(map[string]any{"secrets": view.Secrets, "settings": map[string]any{"secrets": view.Settings["secrets"]}, "system": "x"})
	if err != nil {
		t.Fatal(err)
	}
	wrong.patch(eliza, string(back)) // as the web client saves
	right := h.again()
	if k, l := right.agents.Setting(eliza, "K"), right.agents.Setting(eliza, "L"); k != "token" || l != "other" {
		t.Errorf("K is %v, L is %v", k, l)
	}
}

func TestASettingIsLookedUpInOrder(t *testing.T) {
	h := newHouse(t)
	h.env = map[string]domain.Secret{"A": "env", "D": "env", "T": "true", "EMPTY": ""}
	h = h.again()
	h.patch(eliza, `{"secrets":{"A":"secret","F":"false"},"settings":{"A":"setting","B":"setting","N":0.50,"L":[1],"E":"",
		"secrets":{"A":"nested","B":"nested","C":"nested","E":"nested"}}}`)
	tests := map[string]any{
		"A": "secret", "B": "setting", "C": "nested", "D": "env", "E": "nested", "F": false, "T": true,
		"N": json.Number("0.50"), "EMPTY": nil, "NONE": nil,
	}
	for key, want := range tests {
		if got := h.agents.Setting(eliza, key); got != want {
			t.Errorf("%s is %#v, want %#v", key, got, want)
		}
	}
	for key, want := range map[string]string{"A": "secret", "F": "false", "T": "true", "N": "0.50", "L": "[1]", "NONE": ""} {
		if got := h.agents.SettingText(eliza, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := h.agents.Setting(domain.AgentID(ann), "D"); got != nil {
		t.Errorf("an unknown agent has %v", got)
	}
}

// text1 is the text of a JSON string.
func text1(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return s
}
