package domain_test

import (
	"encoding/json"
	"errors"
	"testing"

	"parley/domain"
)

func TestStringToUUIDGivesTheReferencesVectors(t *testing.T) {
	for text, want := range map[string]string{
		"Eliza":       "b850bc30-45f8-0041-a00a-83df46d8555d",
		"Agent Smith": "9fb8dd35-266b-032c-b580-cc74f9a6cbd5",
		"Zo\u00eb":    "f9e8abe6-7aae-0546-871e-3c67f756587c",
		"":            "da39a3ee-5e6b-0b0d-b255-bfef95601890",
	} {
		if got := domain.StringToUUID[string](text); got != want {
			t.Errorf("StringToUUID(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestUniqueUUIDGivesTheReferencesVectors(t *testing.T) {
	const eliza domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"
	for base, want := range map[string]string{
		"00000000-0000-0000-0000-000000000000": "740de269-82a9-0d4f-9889-c87fb8884f7f",
		"11111111-1111-4111-8111-111111111111": "b0109bcd-58cf-0469-bd19-3560e5586c12",
		string(eliza):                          string(eliza),
	} {
		if got := domain.UniqueUUID[string](eliza, base); got != want {
			t.Errorf("UniqueUUID(%s) = %s, want %s", base, got, want)
		}
	}
}

func TestDecodingAnIDChecksItsForm(t *testing.T) {
	tests := []struct{ name, json, want string }{
		{"lower-cases", `"B850BC30-45F8-0041-A00A-83DF46D8555D"`, "b850bc30-45f8-0041-a00a-83df46d8555d"},
		{"null is absent", `null`, ""},
		{"empty is absent", `""`, ""},
		{"refuses text", `"hello"`, "error"},
		{"refuses a number", `7`, "error"},
		{"refuses braces", `"{850bc30-45f8-0041-a00a-83df46d8555d}"`, "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var id domain.ChannelID
			err := json.Unmarshal([]byte(tt.json), &id)
			if tt.want == "error" {
				var known *domain.Error
				if !errors.As(err, &known) || known.WireCode() != "INVALID_ID" {
					t.Fatalf("err = %v, want INVALID_ID", err)
				}
				return
			}
			if err != nil || string(id) != tt.want {
				t.Fatalf("got %q, %v; want %q", id, err, tt.want)
			}
		})
	}
}

func TestEveryCodeHasARowOfItsOwn(t *testing.T) {
	seen := map[domain.Code]bool{}
	for _, row := range domain.Codes() {
		if seen[row.Code] || row.HTTP == 0 || row.Reason == "" {
			t.Errorf("row %+v is doubled or incomplete", row)
		}
		seen[row.Code] = true
		if got := row.Code.Info(); got != row {
			t.Errorf("%s.Info() = %+v", row.Code, got)
		}
	}
	if domain.Code("nonsense").Info().Code != domain.Internal {
		t.Error("an unknown code is not treated as internal")
	}
}
