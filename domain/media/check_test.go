package media_test

import (
	"strings"
	"testing"

	"parley/domain/media"
)

// Heads of files as programs recognise them.
const (
	webm = "\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"
	wav  = "RIFF\x24\x00\x00\x00WAVEfmt "
	jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
	gif  = "GIF89a\x03\x00\x02\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,"
	pdf  = "%PDF-1.7\n"
	zip  = "PK\x03\x04\x14\x00"
	ogg  = "OggS\x00\x02"
	exe  = "MZ\x90\x00\x03\x00\x00\x00"
)

func TestTypesOfUploads(t *testing.T) {
	plain, err := media.UploadKinds(nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := media.UploadKinds([]string{"text", "office", "application/zip"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name                           string
		kinds                          media.Kinds
		declared, filename, head, want string
	}{
		{"picture", plain, "image/png", "a.png", png, "image/png"},
		{"any case and parameters", plain, "Image/PNG; x=y", "a.png", png, "image/png"},
		{"declared counts over another picture", plain, "image/png", "a.png", jpeg, "image/png"},
		{"declared counts over what looks like text", plain, "image/png", "a.png", "no picture", "image/png"},
		{"codecs", plain, "audio/webm;codecs=opus", "a.webm", webm, "audio/webm"},
		{"codecs, not well-formed", plain, "audio/webm; codecs=opus,vp8", "a.webm", webm, "audio/webm"},
		{"recorder's WAV that is WebM", plain, "audio/wav", "blob", webm, "audio/webm"},
		{"recorder's WAV that is Ogg", plain, "audio/wav", "blob", ogg, "audio/ogg"},
		{"WAV that is one", plain, "audio/x-wav", "a.wav", wav, "audio/x-wav"},
		{"undeclared picture", plain, "", "a.jpg", jpeg, "image/jpeg"},
		{"picture declared as bytes", plain, "application/octet-stream", "a.gif", gif, "image/gif"},
		{"picture declared as something unknown", plain, "application/x-foo", "a.pdf", pdf, "application/pdf"},
		{"undeclared text", plain, "", "a.txt", "hello", "text/plain"},
		{"text declared as something unknown", plain, "application/x-foo", "a.foo", "hello", ""},
		{"undeclared bytes", plain, "application/octet-stream", "a.bin", "\x00\x01\x02\x03", ""},
		{"malformed type", plain, "image/", "a.bin", "\x00\x01", ""},
		{"Markdown, off", plain, "text/markdown", "a.md", "# hello", ""},
		{"Markdown", all, "text/markdown", "a.md", "<p align=center>hello</p>", "text/markdown"},
		{"text that speaks of tags", plain, "text/plain", "a.txt", "use <script> or <html>", "text/plain"},
		{"CSV", all, "text/csv", "a.csv", "a,b", "text/csv"},
		{"JSON", all, "application/json", "a.json", "{}", "application/json"},
		{"Office, off", plain, "application/msword", "a.doc", "\xd0\xcf\x11\xe0", ""},
		{"Office", all, "application/msword", "a.doc", "\xd0\xcf\x11\xe0", "application/msword"},
		{"undeclared Office", all, "", "a.docx", zip, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"undeclared ZIP", all, "", "a.zip", zip, ""},
		{"extra type", all, "application/zip", "a.zip", zip, "application/zip"},

		{"HTML", all, "text/html", "a.html", "<html>", ""},
		{"HTML as text", all, "text/plain", "a.txt", "\n <!-- x --> <!DOCTYPE html>", ""},
		{"HTML after a byte order mark", all, "text/plain", "a.txt", "\xef\xbb\xbf<html>", ""},
		{"HTML in UTF-16", all, "text/plain", "a.txt", "\xff\xfe<\x00h\x00t\x00m\x00l\x00", ""},
		{"HTML as a picture", all, "image/png", "a.png", "<p>hi</p>", ""},
		{"HTML as sound", all, "audio/wav", "a.wav", "<a href=x>", ""},
		{"HTML named so", all, "text/plain", "a.HTML", "hello", ""},
		{"SVG", all, "image/svg+xml", "a.svg", "<svg>", ""},
		{"SVG as a picture", all, "image/png", "a.png", "<?xml version='1.0'?><svg>", ""},
		{"script", all, "text/javascript", "a.js", "alert(1)", ""},
		{"script named so", all, "text/plain", "a.js", "alert(1)", ""},
		{"shell script", all, "text/plain", "a.txt", "#!/bin/sh", ""},
		{"PHP", all, "text/plain", "a.txt", "<?php system(1)", ""},
		{"picture that is a page too", all, "image/gif", "a.gif", gif + "<ScRiPt>alert(1)</script>", ""},
		{"picture that is a drawing too", all, "image/jpeg", "a.jpg", jpeg + strings.Repeat(" ", 500) + "<svg onload=x>", ""},
		{"document that is a page too", all, "application/pdf", "a.pdf", pdf + "<html>", ""},
		{"program", all, "image/png", "a.png", exe, ""},
		{"program of another system", all, "application/pdf", "a.pdf", "\x7fELF\x02\x01", ""},
		{"text that begins like a program", all, "text/plain", "a.txt", "MZ is a text", "text/plain"},
		{"message", all, "message/rfc822", "a.eml", "hello", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, ok, err := tt.kinds.Check(file(tt.filename, tt.declared, tt.head), tt.declared)
			if err != nil || kind != tt.want || ok != (tt.want != "") {
				t.Fatalf("%q, %v, %v; want %q", kind, ok, err, tt.want)
			}
		})
	}
}

func TestTypesOfAudio(t *testing.T) {
	for declared, want := range map[string]string{"audio/wav": "audio/webm", "audio/webm": "audio/webm", "video/webm": "audio/webm",
		"": "audio/webm", "image/png": "audio/webm", "text/html": ""} {
		if kind, _, err := media.AudioKinds().Check(file("blob", declared, webm), declared); kind != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", declared, kind, err, want)
		}
	}
	if kind, ok, _ := media.AudioKinds().Check(file("a.png", "image/png", png), "image/png"); ok {
		t.Errorf("a picture is %q", kind)
	}
}

func TestTypesThatMayNeverBeTaken(t *testing.T) {
	for _, name := range []string{"text/html", "image/svg+xml", "application/javascript", "html", "a b", "*/*;", "application/xhtml+xml"} {
		if _, err := media.UploadKinds([]string{name}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := media.UploadKinds([]string{"none"}); err != nil {
		t.Error(err)
	}
}

func TestSizesOfPictures(t *testing.T) {
	h := newHouse(t, t.TempDir())
	lossy := "RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00\x30\x01\x00\x9d\x01\x2a\x03\x00\x02\x00\x00\x00\x00\x00"
	lossless := "RIFF\x24\x00\x00\x00WEBPVP8L\x18\x00\x00\x00\x2f\x02\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	extended := "RIFF\x24\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x01\x00\x00"
	for name, f := range map[string][2]string{"png": {"image/png", png}, "gif": {"image/gif", gif}, "lossy": {"image/webp", lossy},
		"lossless": {"image/webp", lossless}, "extended": {"image/webp", extended}} {
		up, err := h.media.UploadToAgent(t.Context(), admin, media.AgentUploadRequest{AgentID: agentID, File: file("a", f[0], f[1])})
		if err != nil || up.Width != 3 || up.Height != 2 {
			t.Errorf("%s: %d by %d, %v", name, up.Width, up.Height, err)
		}
	}
	for _, kind := range []string{"image/png", "image/webp", "image/jpeg"} {
		up, err := h.media.UploadToAgent(t.Context(), admin, media.AgentUploadRequest{AgentID: agentID, File: file("a", kind, "broken")})
		if err != nil || up.Width != 0 {
			t.Errorf("%s: %+v, %v", kind, up, err)
		}
	}
}

// FuzzCheck looks for heads and names that are taken though a browser would run them.
func FuzzCheck(f *testing.F) {
	for _, head := range []string{png, webm, gif + "<script>", "<html>", "\xff\xfe<\x00s\x00", "plain", exe} {
		f.Add("image/png", "a.png", head)
		f.Add("text/plain", "a.svg", head)
	}
	kinds, err := media.UploadKinds([]string{"text", "office"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, declared, name, head string) {
		kind, ok, err := kinds.Check(file(name, declared, head), declared)
		if err != nil {
			t.Fatal(err)
		}
		lower := strings.ToLower(strings.TrimSpace(head))
		runs := strings.HasPrefix(lower, "<html") || strings.HasPrefix(lower, "<script") || strings.HasPrefix(lower, "<svg") ||
			strings.HasPrefix(lower, "<!doctype html") || strings.HasPrefix(head, "#!")
		if ok && (runs || kind == "" || strings.Contains(kind, "html") || strings.Contains(kind, "svg") || strings.Contains(kind, "script")) {
			t.Fatalf("%q named %q is taken as %q: %q", declared, name, kind, head)
		}
	})
}
