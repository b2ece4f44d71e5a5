package jwt

import (
	"encoding/base64"
	"strings"
	"testing"
)

// joe is the payload of the examples of RFC 7515.
const joe = ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."

func TestSignaturesOfTheStandardsExamples(t *testing.T) {
	secret, err := base64.RawURLEncoding.DecodeString("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
	if err != nil {
		t.Fatal(err)
	}
	hmacKey, err := NewSecret(string(secret))
	if err != nil {
		t.Fatal(err)
	}
	public := func(k jwk) Key {
		key, err := k.key()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	tests := []struct {
		name, token string
		key         Key
	}{
		{"RFC 7515 A.1, HS256", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + joe + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", hmacKey},
		{"RFC 7515 A.2, RS256", "eyJhbGciOiJSUzI1NiJ9" + joe + "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
			public(jwk{Kty: "RSA", E: "AQAB", N: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})},
		{"RFC 7515 A.3, ES256", "eyJhbGciOiJFUzI1NiJ9" + joe + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
			public(jwk{Kty: "EC", Crv: "P-256", X: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", Y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})},
		{"RFC 8037 A.4, EdDSA", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
			public(jwk{Kty: "OKP", Crv: "Ed25519", X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token, err := parse(tt.token)
			if err != nil || token.alg != tt.key.Alg {
				t.Fatalf("alg %s, key %s, %v", token.alg, tt.key.Alg, err)
			}
			if !tt.key.verify(token.signed, token.signature) {
				t.Error("the signature does not count")
			}
			for i := range token.signature {
				token.signature[i] ^= 1
				if tt.key.verify(token.signed, token.signature) {
					t.Errorf("a signature with another byte %d counts", i)
				}
				token.signature[i] ^= 1
			}
			if tt.key.verify(append(token.signed, 'A'), token.signature) || tt.key.verify(token.signed, token.signature[1:]) || tt.key.verify(token.signed, nil) {
				t.Error("it counts for another text, or shortened, or empty")
			}
		})
	}
}

// FuzzParse checks that no text makes the parser panic, and that each token has one text.
func FuzzParse(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NiJ9" + joe + "DtEhU3ljbEg8")
	f.Add("e30.e30.e30")
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := parse(text)
		if err != nil {
			return
		}
		encoded := string(token.signed) + "." + base64.RawURLEncoding.EncodeToString(token.signature)
		if encoded != text || strings.Count(text, ".") != 2 || token.alg == "" {
			t.Fatalf("%q was read as %q with alg %q", text, encoded, token.alg)
		}
		v := &Verifier{}
		_, _ = v.claimsAt(token.payload)
	})
}

// claimsAt reads the claims with a clock.
func (v *Verifier) claimsAt(data []byte) (Claims, error) {
	v.opts.Now = testNow
	return v.claims(data)
}
