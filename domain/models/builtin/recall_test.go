package builtin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"parley/domain/models"
	"parley/domain/models/builtin"
)

// ann and bob are two people.
const ann, bob = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

// says is something that somebody says: "Ann: hello", "Bob: hello", "Eliza: hello".
func says(line string) models.Turn {
	name, text, _ := strings.Cut(line, ": ")
	switch name {
	case "Ann":
		return models.Turn{Speaker: ann, Name: name, Text: text}
	case "Bob":
		return models.Turn{Speaker: bob, Name: name, Text: text}
	default:
		return models.Turn{Own: true, Name: name, Text: text}
	}
}

// talk answers the last of some lines after the others.
func talk(t testing.TB, m *builtin.Model, lines ...string) string {
	t.Helper()
	var turns []models.Turn
	for _, line := range lines {
		turns = append(turns, says(line))
	}
	last := len(turns) - 1
	c, err := m.Reply(t.Context(), models.Prompt{Character: eliza, Conversation: turns[:last], Question: turns[last]}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	return c.Text
}

func TestWhatWasToldIsRecalled(t *testing.T) {
	m := newModel()
	tests := []struct {
		lines string
		// want is in the answer, whatever its case; not is not.
		want, not string
	}{
		{"Ann: My dog is called Rex.|Ann: What is my dog's name?", "your dog is called Rex", ""},
		{"Ann: My dog's name is Rex|Ann: what's my dog called?", "your dog's name is Rex", ""},
		{"Ann: the name of my dog is Rex|Ann: do you remember what my dog is called?", "Rex", ""},
		{"Ann: I have a dog called Rex|Ann: who is my dog?", "you have a dog called Rex", ""},
		{"Ann: I have a dog. He is called Rex.|Ann: What is my dog called?", "your dog is called Rex", ""},
		{"Ann: I have a dog|Eliza: What is your dog called?|Ann: Rex|Ann: What is my dog's name?", "your dog is called Rex", ""},
		{"Ann: My dog is called Rex.|Ann: No, my dog is called Max.|Ann: What is my dog's name?", "Max", "Rex"},
		{"Ann: My dog is called Rex.|Ann: No, it's Max.|Ann: What is my dog's name?", "Max", "Rex"},
		{"Ann: My dog is called Rex.|Ann: What is my cat's name?", "", "Rex"},
		{"Ann: My dog is called Rex.|Ann: What is my pet called?", "Rex", ""},
		{"Ann: Is my dog called Rex?|Ann: What is my dog's name?", "", "Rex"},
		{"Eliza: Your dog is called Rex.|Ann: What is my dog's name?", "", "Rex"},
		{"Bob: My dog is called Rex.|Ann: What is my dog's name?", "", "Rex"},
		{"Bob: My dog is called Rex.|Ann: What is Bob's dog called?", "Bob", "your dog"},
		{"Bob: I live in Rome.|Ann: I live in Porto.|Ann: Where does Bob live?", "I live in Rome", "Porto"},
		{"Ann: I live in Porto|Ann: Where do I live?", "you live in Porto", ""},
		{"Ann: I live in Porto|Ann: I moved to Lisbon|Ann: which town do I live in?", "Lisbon", ""},
		{"Ann: My sister lives in Rome|Ann: Where do I live?", "", "Rome"},
		{"Ann: My sister Ana lives in Rome|Ann: Where does my sister live?", "Rome", ""},
		{"Ann: My sister Ana lives in Rome|Ann: What's my sister's name?", "Ana", ""},
		{"Ann: My cat Pippi hides under the bed all day|Ann: What's my cat's name?", "your cat is called Pippi", ""},
		{"Ann: My son Ole adores my dog Max|Ann: What is my son called?", "your son is called Ole", ""},
		{"Ann: My sister's dog is called Bo|Ann: What's my sister's name?", "", "Bo"},
		{"Ann: My mum is called Eva|Ann: What's my mother's name?", "Eva", ""},
		{"Ann: I was born in 1987|Ann: When was I born?", "1987", ""},
		{"Ann: I am 34 years old|Ann: How old am I?", "34", ""},
		{"Ann: My daughter Lena is six|Ann: How old is my daughter?", "six", ""},
		{"Ann: My favourite colour is green|Ann: What is my favorite color?", "green", ""},
		{"Ann: My favourite colour is green|Ann: What is my favourite food?", "", "green"},
		{"Ann: I work as a nurse|Ann: What's my job?", "nurse", ""},
		{"Ann: I work as a nurse|Ann: What do I do for a living?", "nurse", ""},
		{"Ann: I play the cello|Ann: What instrument do I play?", "cello", ""},
		{"Ann: I drive an old Volvo|Ann: What car do I drive?", "Volvo", ""},
		{"Ann: The meeting is on Friday at 3|Ann: When is the meeting?", "Friday at 3", ""},
		{"Ann: The meeting is on Friday at 3.|Ann: It's been moved to Monday.|Bob: hm|Ann: When is the meeting?", "the meeting has been moved to Monday", "Friday"},
		{"Ann: My exam is on Friday.|Ann: It has been moved to Monday.|Ann: When is my exam?", "Monday", "Friday"},
		{"Bob: The meeting is on Friday at 3|Ann: When is the meeting?", "Bob", ""},
		{"Bob: Eliza the party is on Saturday at 8|Ann: Eliza when is the party?", "Bob", ""},
		{"Ann: Remember that the key is under the mat.|Ann: Where is the key?", "under the mat", ""},
		{"Ann: my sister's a dentist|Ann: what did I tell you about my sister?", "your sister is a dentist", ""},
		{"Ann: My sister's name is Ana|Ann: Do you remember my sister?", "Ana", ""},
		{"Ann: My sister's name is Ana|Ann: Who is Ana?", "your sister's name is Ana", ""},
		{"Ann: I live in Porto. I work as a nurse. My dog is called Rex.|Ann: What do you know about me?", "you live in Porto, you work as a nurse, and your dog is called Rex", ""},
		{"Ann: I live in Porto|Ann: What did I just say?", "Porto", ""},
		{"Ann: hello|Ann: What is my name?", "Ann", ""},
		{"Ann: My name is Anna Maria|Ann: What is my name?", "Anna Maria", ""},
		{"Ann: My wife and I live in Porto|Ann: Where do we live?", "Porto", ""},
		{"Ann: My phone number is 555-1234|Ann: What's my phone number?", "555-1234", ""},
		{"Ann: My favourite colour is green by the way.|Ann: What is my favourite colour?", "green", "way"},
		{"Ann: Btw, my dog is called Rex, you know.|Ann: What is my dog's name?", "your dog is called Rex", "know."},
		{"Ann: my dog is called rex lol|Ann: what's my dog called", "rex", "lol"},
		{"Ann: I have two kids, Tom and Mia.|Ann: What are my kids' names?", "you have two kids, Tom and Mia", ""},
		{"Ann: I have two kids, Tom and Mia.|Ann: What is my kid's name?", "Tom and Mia", ""},
		{"Ann: I have two kids, Tom and Mia.|Ann: What are the names of my children?", "Tom and Mia", ""},
		{"Ann: My kids are Tom and Mia.|Ann: Who are my children?", "Tom and Mia", ""},
		{"Ann: I have two kids, Tom and Mia.|Ann: Who is Mia?", "you have two kids", ""},
		{"Ann: Tom is 7 and Mia is 4.|Ann: How old is Tom?", "Tom is 7", "Mia"},
		{"Ann: tom is 7 and mia is 4|Ann: how old is mia", "mia is 4", "tom"},
		{"Ann: My son is called Tom. He is 7.|Ann: How old is Tom?", "your son is 7", ""},
		{"Ann: My son is called Tom.|Ann: Tom is 7.|Ann: How old is my son?", "Tom is 7", ""},
		{"Ann: I have two kids, Tom and Mia.|Ann: Tom is 7 and Mia is 4.|Ann: How old are my kids?", "Tom is 7 and Mia is 4", ""},
		{"Ann: Clara is a nurse. She lives in Porto.|Ann: Where does Clara live?", "Clara lives in Porto", ""},
		{"Ann: Clara lives in Porto. He is 7.|Ann: How old is Clara?", "Clara", "7"},
		{"Bob: Tom is 7|Ann: How old is Tom?", "Bob", ""},
		{"Ann: Tom is 7|Ann: How old is Ben?", "Ben", "7"},
		{"Ann: I'm 34, by the way|Ann: How old am I?", "34", "way"},
		{"Ann: We moved to Berlin in 2019.|Ann: My birthday is on March 3rd.|Ann: When did we move to Berlin?", "2019", "March"},
		{"Ann: We moved to Berlin in 2019.|Ann: My birthday is on March 3rd.|Ann: When did we move to Rome?", "", "2019"},
		{"Ann: My birthday is on March 3rd.|Ann: When did we move to Berlin?", "", "March"},
		{"Ann: I went to the dentist on Monday.|Ann: I met Clara on Friday.|Ann: When did I go to the dentist?", "Monday", "Friday"},
		{"Ann: I always feel like nobody cares about me|Ann: What are my kids' names?", "", "nobody"},
		{"Ann: My sister Clara lives in Porto. She is a nurse.|Ann: What do you know about my sister?", "your sister is called Clara, lives in Porto and is a nurse", ""},
		{"Ann: Bob lives in Kiel.|Bob: I live in Rome.|Ann: Where does Bob live?", "Rome", ""},
		{"Bob: My girlfriend Carla is nice. She works as a pilot.|Ann: What does Carla do?", "works as a pilot", "your"},
		{"Ann: I live in Essen with my girlfriend Carla.|Ann: Who is Carla?", "your girlfriend is called Carla", ""},
		{"Ann: I have a cat called Minka and a dog called Bruno.|Ann: What's my dog called?", "a dog called Bruno", "Minka"},
		{"Ann: My brother Max is a chef in Graz.|Ann: Where does my brother work?", "Graz", ""},
		{"Ann: I have a cat, whose name is Minka.|Ann: What's my cat called?", "Minka", ""},
		{"Ann: On Tuesday I have an appointment.|Ann: When is my appointment?", "you have an appointment on Tuesday", ""},
		{"Ann: I'm getting married in May.|Ann: When am I getting married?", "in May", ""},
		{"Ann: My sister has a dog called Bo.|Ann: What's my sister's dog called?", "Bo", ""},
		{"Ann: My favourite colour is blue.|Bob: Mine is red.|Bob: What's my favourite colour?", "red", "blue"},
		{"Ann: My favourite colour is blue.|Bob: Mine is red.|Ann: What's my favourite colour?", "blue", "red"},
		{"Ann: I don't like coffee. I like tea.|Ann: What don't I like?", "coffee", "tea"},
		{"Ann: I don't like coffee.|Ann: Do I like coffee?", "you don't like coffee", ""},
		{"Ann: I have a son. His name is Sam. He is 12.|Ann: How old is he?", "your son is 12", ""},
		{"Ann: My daughter Lena is a nurse.|Ann: Where does she work?", "nurse", ""},
		{"Ann: My mum is called Eva. Eva lives in Kiel. My aunt is 80. Eva is happy.|Ann: Where does she live?", "Kiel", "80"},
		{"Ann: I have three cats: Tic, Tac and Toe.|Ann: What are their names?", "Tic, Tac and Toe", ""},
		{"Ann: I have three cats: Tic, Tac and Toe.|Ann: How many cats do I have?", "three cats", ""},
		{"Ann: Bob is my brother.|Ann: Who is my brother?", "Bob is your brother", ""},
		{"Ann: my brothers name is luca|Ann: whats my brother called", "luca", ""},
		{"Ann: My name is Eve. What's my name?", "Eve", ""},
		{"Ann: I am a nurse.|Ann: I am a little tired.|Ann: What's my job?", "nurse", "tired"},
		{"Ann: I work as a nurse.|Ann: I am a mother.|Ann: What's my job?", "nurse", "mother"},
		{"Bob: I have a dog called Rex. I live in Rome.|Ann: What do you know about Bob?", "I have a dog called Rex. I live in Rome", ""},
		{"Ann: I live in Rome.|Ann: Where does Ann live?", "you live in Rome", ""},
		{"Ann: I was happy, when I lived in Rome.", "", "told"},
		{"Ann: My sister Dorothy, who is ninety, lives in Truro.|Ann: How old is my sister?", "ninety", ""},
		{"Ann: My sister Dorothy, who is ninety, lives in Truro.|Ann: Where does Dorothy live?", "your sister Dorothy lives in Truro", ""},
		{"Ann: Max is my husband.|Bob: Our son is called Finn.|Ann: He is a musician.|Ann: What does Max do?", "", "musician"},
		{"Ann: My nephew is called Simon. He works for a bank. He is a dear boy.|Ann: What does Simon do?", "bank", "boy"},
		{"Ann: I was a teacher for thirty years.|Ann: What was my profession?", "teacher", ""},
		{"Ann: What's my favourite number?|Eliza: You haven't told me.|Ann: It's seven.|Ann: What's my favourite number?", "seven", ""},
		{"Bob: I have a sister called Lisa.|Ann: I have a sister, too. She is called Paula.|Ann: What's my sister's name?", "Paula", "Lisa"},
		{"Ann: I have two sons. They have their own lives.|Ann: Who is there to help me?", "", "lives"},
		{"Ann: I live with our twins Ole and Jan.|Ann: What are my twins called?", "your twins are called Ole and Jan", ""},
		{"Ann: My sister Tina is 38.|Ann: Tina is 39.|Ann: How old is my sister?", "39", "38"},
		{"Ann: My brother Uwe is 45. He has two daughters, Lea and Pia.|Ann: What are Uwe's daughters called?", "Lea and Pia", ""},
		{"Ann: My brother Uwe is 45. He has two daughters, Lea and Pia.|Ann: Who is Lea?", "two daughters", ""},
		{"Ann: I have two kids, Tom and Mia. Tom is 7. Mia is 4.|Ann: How old is Tom?", "Tom is 7", "Mia"},
		{"Ann: My car was old. I sold my car. I bought a bike.|Ann: What did I sell?", "sold", "bike"},
		{"Ann: I play chess with my neighbour. I work with Tom.|Ann: Who do I play chess with?", "neighbour", "Tom"},
		{"Ann: My cat is called Luna.|Ann: Did I tell you about my cat?", "Luna", ""},
		{"Ann: My husband Max came home on Monday. He left on Friday.|Ann: What do you know about my husband?", "came home on Monday and left on Friday", ""},
		{"Ann: My wife's name is Eva. Her sister is called Ida.|Ann: What's my wife's sister called?", "Ida", ""},
		{"Ann: My wife's name is Eva. Her sister is called Ida.|Ann: What's my wife called?", "Eva", "Ida"},
		{"Ann: I have a son named Tim. He plays the drums.|Ann: What does he play?", "drums", ""},
		{"Ann: Kate hates flying. She likes trains.|Ann: What does Kate hate?", "flying", "trains"},
		{"Ann: Kate hates flying. She likes trains.|Ann: What does Kate like?", "trains", "flying"},
		{"Ann: My mum is coming on Sunday. I started running last week.|Ann: When is my mum coming?", "Sunday", "week"},
		{"Ann: My boss, Mr Hughes, is loud.|Ann: What's my boss's name?", "Mr Hughes", ""},
		{"Ann: Our daughter Emma is 9 and our son Leo is 6.|Ann: Who is Leo?|Ann: How old is he?", "6", "9"},
		{"Ann: I also have a hamster. His name is Pip.|Ann: What's my hamster called?", "Pip", ""},
		{"Ann: I'm taking her to Rome. I'll call tonight.|Ann: Where am I taking her?", "Rome", "tonight"},
		{"Ann: I'm going to Spain with Kate. I work with Tom.|Ann: Who am I going to Spain with?", "Kate", "Tom"},
		{"Ann: My rent is 1200 pounds.|Ann: How much is my rent?", "1200", ""},
		{"Ann: My dog is called Rex.|Ann: What should I do about my dog?", "", "Rex"},
		{"Ann: hello|Ann: What do you know about me?", "", "Ann is"},
	}
	for _, tt := range tests {
		t.Run(tt.lines, func(t *testing.T) {
			got := talk(t, m, strings.Split(tt.lines, "|")...)
			if !strings.Contains(strings.ToLower(got), strings.ToLower(tt.want)) || tt.not != "" && strings.Contains(got, tt.not) {
				t.Errorf("%q, want %q and not %q", got, tt.want, tt.not)
			}
		})
	}
}

func TestWhatWasNotToldIsNotMadeUp(t *testing.T) {
	m := newModel()
	for _, question := range []string{"What is my dog's name?", "Where do I live?", "What's my job?", "When is my exam?", "Do you remember my sister?", "What did I tell you about my brother?"} {
		got := talk(t, m, "Ann: I like rain", "Ann: "+question)
		if !strings.Contains(got, "told") && !strings.Contains(got, "said") && !strings.Contains(got, "guess") && !strings.Contains(got, "found nothing") && !strings.Contains(got, "Not that I know") {
			t.Errorf("%q is answered with %q", question, got)
		}
	}
}

func TestWhatReplacesSomethingToldIsAcknowledged(t *testing.T) {
	m := newModel()
	if got := talk(t, m, "Ann: My dog is called Rex", "Eliza: Rex.", "Ann: No, my dog is called Max"); !strings.Contains(got, "our dog is called Max") {
		t.Errorf("the correction is answered with %q", got)
	}
	if got := talk(t, m, "Ann: My dog is called Rex", "Eliza: Rex.", "Ann: My dog is called Rex"); !strings.Contains(got, "our dog is called Rex") {
		t.Errorf("the repeat is answered with %q", got)
	}
}

func TestEarlierMessagesAreReadOnlyWhenAskedFor(t *testing.T) {
	m := newModel()
	asked := 0
	p := models.Prompt{Character: eliza, Earlier: func(context.Context) ([]models.Turn, error) {
		asked++
		return []models.Turn{says("Ann: My dog is called Rex")}, nil
	}}
	for question, want := range map[string]int{"I like my garden": 0, "What is my dog called?": 1, "Why is that so?": 0} {
		asked, p.Question = 0, says("Ann: "+question)
		c, err := m.Reply(t.Context(), p, ignore)
		if err != nil || asked != want || want == 1 && !strings.Contains(c.Text, "Rex") {
			t.Errorf("%q reads %d times and is answered with %q, %v", question, asked, c.Text, err)
		}
	}
	p.Earlier = func(context.Context) ([]models.Turn, error) { return nil, errors.New("the store is away") }
	p.Question = says("Ann: What is my dog called?")
	if c, err := m.Reply(t.Context(), p, ignore); err != nil || c.Text == "" {
		t.Errorf("without the earlier messages it says %q, %v", c.Text, err)
	}
}

func BenchmarkRecallOfAThousandTurns(b *testing.B) {
	m := newModel()
	var turns []models.Turn
	for i := range 1000 {
		turns = append(turns, says(fmt.Sprintf("Ann: My friend number %d lives in a small house near the river, and he works as a baker.", i)))
	}
	turns[500] = says("Ann: My dog is called Rex")
	p := models.Prompt{Character: eliza, Question: says("Ann: What is my dog's name?"), Conversation: turns[950:],
		Earlier: func(context.Context) ([]models.Turn, error) { return turns, nil }}
	for b.Loop() {
		if c, err := m.Reply(b.Context(), p, ignore); err != nil || !strings.Contains(c.Text, "Rex") {
			b.Fatal(c.Text, err)
		}
	}
}
