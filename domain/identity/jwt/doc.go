// Package jwt checks the tokens of end users: JSON Web Tokens in the compact form of JWS
// (RFC 7515, 7519), signed with HS256, RS256, ES256 or EdDSA (Ed25519).
//
// It is small on purpose. There is no way to ask for less checking, and what a token says
// about how it is to be checked is not believed: its alg must be that of the key, which
// the server's own settings give. A key names one algorithm, so a public key is never
// taken for the secret of an HMAC; "none" belongs to no key. Headers that extend the
// meaning of a token (crit) or bring a key along (jwk, jku, x5c, x5u) are refused or not
// looked at. Member names are compared exactly, as encoding/json does not.
//
// A token needs exp and sub. One with an aud needs an audience that the server knows, else
// a token made for another service of the same issuer would do here too.
//
// # Keys
//
// Keys come from a secret, a PEM, or a JWK Set (RFC 7517) that Remote reads from an
// address and keeps. Remote asks again when its keys are old or when a token names one
// that it does not have, but seldom; while the address does not answer, the old keys count
// for a day. Who fetches is a port: jwks.New makes the one over HTTPS.
package jwt
