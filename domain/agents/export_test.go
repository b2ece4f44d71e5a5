package agents

import (
	"net/netip"

	"parley/domain"
)

// Lanes is the number of lanes that wait or are served.
func (s *Service) Lanes() int { return s.lanes.size() }

// Vault shows the encryption of secrets to the tests.
type Vault struct{ *vault }

// NewVault is the encryption under a salt.
func NewVault(salt domain.Secret) Vault { return Vault{newVault(salt)} }

// EncryptWith encrypts under an initialisation vector.
func (v Vault) EncryptWith(iv []byte, plain string) string { return v.encryptWith(iv, plain) }

// Encrypt returns the outside form.
func (v Vault) Encrypt(plain string) string { return v.encrypt(plain) }

// Decrypt returns the secret.
func (v Vault) Decrypt(text string) string { return v.decrypt(text) }

// Seal returns the form at rest, Unseal what it was.
func (v Vault) Seal(agent domain.AgentID, path, text string) string { return v.seal(agent, path, text) }

// Unseal undoes Seal.
func (v Vault) Unseal(agent domain.AgentID, path, text string) string {
	return v.unseal(agent, path, text)
}

// Patch is what a change makes of a character.
func (v Vault) Patch(data []byte, c Character) (Character, error) {
	change, err := readPatch(data)
	if err != nil {
		return c, err
	}
	a, err := change.applied(Agent{Character: c}, v.vault)
	return a.Character, err
}

// Public reports whether characters may be fetched from an address.
func Public(a netip.Addr) bool { return public(a) }

// LogsKept is how many entries a log holds, TrimEvery how many more it may for a time.
const (
	LogsKept  = logsKept
	TrimEvery = trimEvery
)

// Watch is woken when an agent's log has grown.
func (j *Journal) Watch(agent domain.AgentID) (<-chan struct{}, func()) { return j.watch(agent) }
