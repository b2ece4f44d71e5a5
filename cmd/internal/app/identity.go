package app

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"parley/domain/identity"
	"parley/domain/identity/jwt"
	"parley/domain/identity/jwt/jwks"
)

// buildIdentity decides who may do what, and refuses to stand open to the network.
func (a *App) buildIdentity(context.Context, Options) error {
	o := a.cfg.Identity()
	if o.Mode == identity.JWT {
		tokens, err := a.tokens()
		if err != nil {
			return err
		}
		o.Tokens = watched{tokens, a.log.With().Str("component", "identity").Logger()}
	}
	var err error
	if a.identity, err = identity.New(o); err != nil {
		return err
	}
	return identity.CheckExposure(o, a.cfg.Host, a.cfg.AllowOpen)
}

// tokens checks the tokens of the jwt mode.
func (a *App) tokens() (*jwt.Verifier, error) {
	var keys jwt.Several
	if a.cfg.JWTSecret != "" {
		key, err := jwt.NewSecret(a.cfg.JWTSecret.Reveal())
		if err != nil {
			return nil, fmt.Errorf("PARLEY_JWT_SECRET: %w", err)
		}
		keys = append(keys, jwt.Static{key})
	}
	if a.cfg.JWTPublicKey != "" {
		static, err := publicKeys(a.cfg.JWTPublicKey)
		if err != nil {
			return nil, fmt.Errorf("PARLEY_JWT_PUBLIC_KEY: %w", err)
		}
		keys = append(keys, jwt.Static(static))
	}
	if a.cfg.JWTKeysURL != "" {
		fetch, err := jwks.New(a.cfg.JWTKeysURL)
		if err != nil {
			return nil, fmt.Errorf("PARLEY_JWT_JWKS_URL: %w", err)
		}
		log := a.log.With().Str("component", "identity").Logger()
		keys = append(keys, jwt.NewRemote(fetch, a.now, func(err error) { log.Warn().Err(err).Msg("keys of tokens not fetched") }))
	}
	return jwt.NewVerifier(jwt.Options{Keys: keys, Issuer: a.cfg.JWTIssuer, Audiences: a.cfg.JWTAudience,
		RequireAudience: len(a.cfg.JWTAudience) > 0, Leeway: a.cfg.JWTLeeway, Now: a.now})
}

// watched logs why tokens are refused, which their callers are not told: else nobody could
// find out what a setting lacks.
type watched struct {
	tokens *jwt.Verifier
	log    zerolog.Logger
}

// Verify is part of identity.Tokens.
func (w watched) Verify(ctx context.Context, token string) (jwt.Claims, error) {
	claims, err := w.tokens.Verify(ctx, token)
	if err != nil {
		w.log.Debug().Err(err).Msg("token refused")
	}
	return claims, err
}

// publicKeys reads a PEM, or the file at a path. In an environment variable a PEM often has
// its line ends written as \n.
func publicKeys(setting string) ([]jwt.Key, error) {
	if strings.HasPrefix(setting, "-----BEGIN") {
		return jwt.ParsePEM([]byte(strings.ReplaceAll(setting, `\n`, "\n")))
	}
	data, err := os.ReadFile(setting) //nolint:gosec // the path is a setting of who runs the server
	if err != nil {
		return nil, err
	}
	return jwt.ParsePEM(data)
}

// allowOrigin is the rule for polling from other pages: those of CORS_ORIGIN if it
// is set, else any, as in the reference.
func (a *App) allowOrigin() func(string) bool {
	if len(a.cfg.Origins) == 0 || slices.Contains(a.cfg.Origins, "*") {
		return nil
	}
	return a.identity.AllowsOrigin
}
