package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/rest"
)

// SetRead keeps no position, but checks the channel.
func (s *store) SetRead(ctx context.Context, id domain.ChannelID, _ domain.EntityID, seq int64) (int64, bool, error) {
	_, err := s.Channel(ctx, id)
	return seq, false, err
}

// Reads returns one position.
func (*store) Reads(context.Context, domain.ChannelID, int) ([]messaging.ReadPosition, error) {
	return []messaging.ReadPosition{{EntityID: "22222222-2222-4222-8222-222222222222", Seq: 3}}, nil
}

// Unread counts seven messages in each channel.
func (*store) Unread(_ context.Context, _ domain.EntityID, channels []domain.ChannelID) ([]messaging.Unread, error) {
	var list []messaging.Unread
	for _, id := range channels {
		list = append(list, messaging.Unread{ChannelID: id, Seq: 3, Unread: 7, Head: 12})
	}
	return list, nil
}

// ReadMoved is not listened to.
func (room) ReadMoved(messaging.ReadSet) {}

func TestReadsThroughREST(t *testing.T) {
	server := serve(t, rest.Options{Registry: chat(t)})
	const (
		channel = "/api/messaging/central-channels/aaaaaaaa-1111-4111-8111-111111111111"
		reader  = "22222222-2222-4222-8222-222222222222"
	)
	fault := func(code, message string, issues ...string) string {
		return fmt.Sprintf(`{"success":false,"error":{"code":%q,"message":%q,"issues":[%s]}}`, code, message, strings.Join(issues, ","))
	}
	issue := func(path, message string) string { return fmt.Sprintf(`{"path":%q,"message":%q}`, path, message) }
	many := `["aaaaaaaa-1111-4111-8111-111111111111"` + strings.Repeat(`,"aaaaaaaa-1111-4111-8111-111111111111"`, 200) + `]`
	for _, e := range []exchange{
		{name: "unknown channel", method: "PUT", path: channel + "/reads", body: `{"entityId":"` + reader + `","seq":1}`, status: 404},
		{name: "list", method: "GET", path: channel + "/reads?entityId=" + reader, status: 200,
			want: `{"success":true,"data":{"channelId":"aaaaaaaa-1111-4111-8111-111111111111","reads":[{"entityId":"` + reader + `","seq":3}],"unread":7}}`},
		{name: "list for nobody", method: "GET", path: channel + "/reads", status: 200,
			want: `{"success":true,"data":{"channelId":"aaaaaaaa-1111-4111-8111-111111111111","reads":[{"entityId":"` + reader + `","seq":3}],"unread":0}}`},
		{name: "unread", method: "POST", path: "/api/messaging/reads/unread", status: 200,
			body: `{"entityId":"` + reader + `","channelIds":["aaaaaaaa-1111-4111-8111-111111111111"]}`,
			want: `{"success":true,"data":{"channels":[{"channelId":"aaaaaaaa-1111-4111-8111-111111111111","seq":3,"unread":7,"head":12}]}}`},
		{name: "no channels", method: "POST", path: "/api/messaging/reads/unread", status: 200,
			body: `{"entityId":"` + reader + `","channelIds":[]}`, want: `{"success":true,"data":{"channels":[]}}`},
		{name: "nobody", method: "PUT", path: channel + "/reads", body: `{"seq":1}`, status: 400,
			want: fault("INVALID_REQUEST", "entityId is required", issue("entityId", "is required"))},
		{name: "no number", method: "PUT", path: channel + "/reads", body: `{"entityId":"` + reader + `"}`, status: 400,
			want: fault("INVALID_REQUEST", "seq is required", issue("seq", "is required"))},
		{name: "negative", method: "PUT", path: channel + "/reads", body: `{"entityId":"` + reader + `","seq":-1}`, status: 400,
			want: fault("INVALID_REQUEST", "seq must not be negative", issue("seq", "must not be negative"))},
		{name: "a text for a number", method: "PUT", path: channel + "/reads", body: `{"entityId":"` + reader + `","seq":"x"}`, status: 400,
			want: fault("INVALID_REQUEST", "seq must be an integer", issue("seq", "must be an integer"))},
		{name: "channels missing", method: "POST", path: "/api/messaging/reads/unread", body: `{"entityId":"` + reader + `"}`, status: 400,
			want: fault("INVALID_REQUEST", "channelIds is required", issue("channelIds", "is required"))},
		{name: "201 channels", method: "POST", path: "/api/messaging/reads/unread", body: `{"entityId":"` + reader + `","channelIds":` + many + `}`,
			status: 400, want: fault("INVALID_REQUEST", "channelIds must name at most 200 channels", issue("channelIds", "must name at most 200 channels"))},
		{name: "channels of another type", method: "POST", path: "/api/messaging/reads/unread", status: 400,
			body: `{"entityId":"` + reader + `","channelIds":"all"}`,
			want: fault("INVALID_REQUEST", "channelIds must be a list", issue("channelIds", "must be a list"))},
		{name: "bad id", method: "GET", path: channel + "/reads?entityId=me", status: 400,
			want: fault("INVALID_ID", "entityId must be a UUID", issue("entityId", "must be a UUID"))},
	} {
		e.run(t, server)
	}
}
