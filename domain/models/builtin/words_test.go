package builtin

import (
	"strings"
	"testing"
)

// english decodes the embedded language.
func english(t testing.TB) *language {
	t.Helper()
	l, err := decodeLanguage(languageFile)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTextsAreReadAsClauses(t *testing.T) {
	l := english(t)
	tests := []struct{ text, want string }{
		{"I'm tired, but my dog isn't.", "i am tired|my dog is not"},
		{"My dog is called Rex and I live in Porto", "my dog is called rex|i live in porto"},
		{"you and I are friends", "you and i are friends"},
		{"We meet at 3.15 or 10:30; it costs $5 (50%).", "we meet at 3.15 or 10:30|it costs $5|50%"},
		{"Write to ann@example.org.", "write to ann@example.org"},
		{"nooo, I'm sooo happy!!!", "no|i am so happy"},
		{"he's been away and it's late", "he has been away|it is late"},
		{"idk u r weird", "i do not know you are weird"},
		{"not really", "not really"},
		{"ur just a bot", "you are a bot"},
		{"Well, to be honest, I like it, you know.", "i like it"},
		{"I'm fine, thanks", "i am fine"},
		{"how do you know", "how do you know"},
		{"my brothers name is luca", "my brother's name is luca"},
		{"were going out", "we are going out"},
		{"ill try", "i will try"},
		{"I am ill", "i am ill"},
		{"ur funny", "you are funny"},
		{"its my fault", "it is my fault"},
		{"its own bed", "its own bed"},
		{"sb 2 talk to u 2 days ago", "sb to talk to you 2 days ago"},
		{"your name", "your name"},
		{"Tom is 7 and Mia is 4", "tom is 7|mia is 4"},
		{"I have a cat and a dog", "i have a cat|i have a dog"},
		{"It\u2019s \u201creally\u201d fine", "it is|really|fine"},
		{"so...?", "so"},
		{"\xff\xfe bad \x80bytes", "bad bytes"},
		{"- ' -- ''", ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			var got []string
			for _, c := range l.read(tt.text).clauses {
				got = append(got, strings.Join(plainWords(c.words), " "))
			}
			if joined := strings.Join(got, "|"); joined != tt.want {
				t.Errorf("got %q, want %q", joined, tt.want)
			}
		})
	}
}

func TestWordsAreSaidFromTheOtherSide(t *testing.T) {
	l := english(t)
	tests := []struct{ said, want string }{
		{"my old house", "your old house"},
		{"you and I are the same", "you and I are the same"},
		{"the house is mine", "the house is yours"},
		{"the fault is yours", "the fault is mine"},
		{"are you happy", "am I happy"},
		{"I was right", "you were right"},
		{"was I right", "were you right"},
		{"you were right", "I was right"},
		{"were you right", "was I right"},
		{"I am not sure", "you are not sure"},
		{"I'm not, you aren't", "you are not I am not"},
		{"I never was rich", "you never were rich"},
		{"you really are kind", "I am kind"},
		{"I hurt myself", "you hurt yourself"},
		{"do it yourself", "do it myself"},
		{"this is your", "this is my"},
		{"I love you", "you love me"},
		{"you love me", "I love you"},
		{"you told me a lie", "I told you a lie"},
		{"I told you a lie", "you told me a lie"},
		{"I think you are lying", "you think I am lying"},
		{"what you said to me", "what I said to you"},
		{"let me go", "let you go"},
		{"if I were you", "if you were me"},
		{"what you want", "what I want"},
		{"can you help me", "can I help you"},
		{"I know you lied", "you know I lied"},
		{"I like you a lot", "you like me a lot"},
		{"people like you", "people like me"},
		{"between you and me", "between you and me"},
		{"we lost our dog", "you lost your dog"},
		{"my friends were there", "your friends were there"},
		{"my sister was ill", "your sister was ill"},
		{"Rex is my dog", "Rex is your dog"},
		{"they are mine, please", "they are yours"},
	}
	for _, tt := range tests {
		t.Run(tt.said, func(t *testing.T) {
			var words []word
			for _, c := range l.read(tt.said).clauses {
				words = append(words, c.words...)
			}
			if got, ok := l.reflect(words); !ok || got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSomeThingsAreNotSaidBack(t *testing.T) {
	l := english(t)
	for _, said := range []string{"", "please", "a fucking mess", strings.Repeat("word ", 11), strings.Repeat("w", 200), "you"} {
		var words []word
		for _, c := range l.read(said).clauses {
			words = append(words, c.words...)
		}
		if got, ok := l.reflect(words); ok {
			t.Errorf("%q is said back as %q", said, got)
		}
	}
}

func TestFormsOfAWordAreTheSame(t *testing.T) {
	l := english(t)
	for _, pair := range []string{"dog dogs", "dog dog's", "mum mother", "live lives", "live living", "starts start", "city cities", "job work", "colour colour"} {
		a, b, _ := strings.Cut(pair, " ")
		if !l.same(a, b) {
			t.Errorf("%s and %s differ", a, b)
		}
	}
	for _, pair := range []string{"dog cat", "car care", "sister brother", "boss bus", "plan plane"} {
		a, b, _ := strings.Cut(pair, " ")
		if l.same(a, b) {
			t.Errorf("%s and %s are the same", a, b)
		}
	}
}
