package config

import (
	"errors"
	"fmt"

	"parley/domain/identity"
	"parley/domain/identity/jwt"
	"parley/domain/identity/jwt/jwks"
)

// checkTokens reports what is missing for the jwt mode, and settings that only it has.
func (c *Config) checkTokens() error {
	given := c.JWTSecret != "" || c.JWTPublicKey != "" || c.JWTKeysURL != ""
	if c.Auth != string(identity.JWT) {
		if given {
			return errors.New("PARLEY_JWT_SECRET, PARLEY_JWT_PUBLIC_KEY and PARLEY_JWT_JWKS_URL need PARLEY_AUTH=jwt, " +
				"else nobody looks at tokens")
		}
		return nil
	}
	faults := []error{between("PARLEY_JWT_LEEWAY", c.JWTLeeway, 0, jwt.MaxLeeway)}
	if !given {
		faults = append(faults, errors.New("PARLEY_AUTH=jwt needs something to check tokens with: "+
			"PARLEY_JWT_SECRET, PARLEY_JWT_PUBLIC_KEY or PARLEY_JWT_JWKS_URL"))
	}
	if !c.SocketAuth {
		faults = append(faults, errors.New("SOCKET_AUTH=off admits sockets without a credential, which PARLEY_AUTH=jwt cannot: remove it"))
	}
	if c.JWTSecret != "" {
		if _, err := jwt.NewSecret(c.JWTSecret.Reveal()); err != nil {
			faults = append(faults, fmt.Errorf("PARLEY_JWT_SECRET: %w", err))
		}
		if c.JWTSecret == c.key() {
			faults = append(faults, errors.New("PARLEY_JWT_SECRET is the server key too: who may issue tokens would administer; use another one"))
		}
	}
	if c.JWTKeysURL != "" {
		if err := jwks.CheckURL(c.JWTKeysURL); err != nil {
			faults = append(faults, fmt.Errorf("PARLEY_JWT_JWKS_URL: %w", err))
		}
		if c.JWTIssuer == "" {
			faults = append(faults, errors.New("PARLEY_JWT_JWKS_URL needs PARLEY_JWT_ISSUER: who publishes keys may do it for many issuers"))
		}
	}
	return errors.Join(faults...)
}
