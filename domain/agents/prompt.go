package agents

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/models"
)

// How far back a model may ask what people said: so many messages, and so many bytes
// of their texts, read so many at a time.
const (
	earlierSize  = 1000
	earlierBytes = 1 << 20
	earlierPage  = 100
)

// leisure is how old a question may be for the model to take its time with the answer;
// one that waited longer stands in a line with others.
const leisure = 2 * time.Second

// prompt tells the model who it is, what was said before the question, and what it
// has said since: it may have answered others meanwhile.
func (t *turn) prompt(recent []messaging.Message) models.Prompt {
	p := models.Prompt{
		Character: t.agent.Character.model(), Question: t.said(t.question), Earlier: t.earlier,
		Hurry: t.Now().Sub(t.question.CreatedAt) > leisure || t.lanes.waiting() > 0,
	}
	for _, m := range slices.Backward(recent) {
		if said := t.said(m); m.ID != t.question.ID && (m.Seq < t.question.Seq || said.Own) {
			p.Conversation = append(p.Conversation, said)
		}
	}
	return p
}

// said is a message as the model sees it.
func (t *turn) said(m messaging.Message) models.Turn {
	return models.Turn{Own: m.AuthorID == domain.EntityID(t.agent.ID), Speaker: string(m.AuthorID), Name: m.AuthorName, Text: m.Content}
}

// earlier reads what people said in the channel before the question, oldest first.
func (t *turn) earlier(ctx context.Context) ([]models.Turn, error) {
	var found []models.Turn
	size := 0
	q := messaging.PageQuery{Channel: t.key.Channel, Limit: earlierPage, BeforeSeq: t.question.Seq}
	for read := 0; read < earlierSize; read += earlierPage {
		page, err := t.Log.Page(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read what was said earlier: %w", err)
		}
		for _, m := range page {
			if size += len(m.Content); size > earlierBytes {
				break
			}
			if !t.Agents.wrote(m) {
				found = append(found, t.said(m))
			}
		}
		if len(page) < earlierPage || size > earlierBytes {
			break
		}
		q.BeforeSeq = page[len(page)-1].Seq
	}
	slices.Reverse(found)
	return found, nil
}

// model is the character as a model needs it.
func (c Character) model() models.Character {
	return models.Character{
		Name: c.Name, System: c.System, Bio: c.Bio.Lines, Topics: c.Topics, Adjectives: c.Adjectives,
		Style: append(slices.Clone(c.Style.All), c.Style.Chat...), Examples: c.examples(),
	}
}
