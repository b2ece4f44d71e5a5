package op

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"parley/domain"
)

// Membership tells whether an entity takes part in a channel. NotFound says that there is
// no such channel.
type Membership func(ctx context.Context, channel domain.ChannelID, entity domain.EntityID) (bool, error)

// guard is what the tag access of a field asks for. It is a word, after which an option
// may follow:
//
//	access:"channel"      the channel in which a bound caller must take part, or a list of
//	                      such; an absent one is not checked, so the service must do it
//	access:"channel,new"  the same, but the operation may create the channel
//	access:"self"         who acts: for a bound caller itself; the caller's entity if absent
//	access:"self,filter"  the same, but only a bound caller fills it in: absent it means
//	                      everybody
type guard struct {
	channel, self bool
	option        string
}

// The types of the fields that can be guarded.
var (
	channelType = reflect.TypeFor[domain.ChannelID]()
	entityType  = reflect.TypeFor[domain.EntityID]()
)

// newGuard reads the tag of a field, and panics on one that could not be enforced.
func newGuard(f reflect.StructField, typ reflect.Type) guard {
	tag, ok := f.Tag.Lookup("access")
	if !ok {
		return guard{}
	}
	word, option, _ := strings.Cut(tag, ",")
	g := guard{channel: word == "channel", self: word == "self", option: option}
	wanted, options := entityType, []string{"", "filter"}
	if g.channel {
		wanted, options = channelType, []string{"", "new"}
	}
	if !g.channel && !g.self || !slices.Contains(options, option) || base(f.Type) != wanted {
		panic(fmt.Sprintf("field %s of %s: the tag access:%q does not fit a %s", f.Name, typ, tag, f.Type))
	}
	return g
}

// base is the type below pointers and lists.
func base(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

// Unguarded lists the fields that name a channel or an entity and have neither a tag
// access nor a reason in Spec.Unguarded. It must be empty for an operation of members.
func (o *Op) Unguarded() []string {
	var names []string
	for _, f := range o.decoder.fields {
		named := base(f.typ) == channelType || base(f.typ) == entityType
		if named && f.guard == (guard{}) && o.Spec.Unguarded[f.name] == "" {
			names = append(names, f.name)
		}
	}
	return names
}

// Guarded lists the fields with a tag access: those that name a channel in which a bound
// caller must take part, and those that say who acts.
func (o *Op) Guarded() (channels, selves []string) {
	for _, f := range o.decoder.fields {
		if f.guard.channel {
			channels = append(channels, f.name)
		}
		if f.guard.self {
			selves = append(selves, f.name)
		}
	}
	return channels, selves
}

// checkExemptions reports a reason for a field that needs none.
func (o *Op) checkExemptions() error {
	for name := range o.Spec.Unguarded {
		i := slices.IndexFunc(o.decoder.fields, func(f field) bool { return f.name == name })
		if i < 0 || o.decoder.fields[i].guard != (guard{}) {
			return fmt.Errorf("the field %s that it exempts is absent or guarded", name)
		}
	}
	return nil
}

// impersonate fills in who acts where the request does not say, and refuses a bound
// caller that acts as somebody else.
func (d decoder) impersonate(actor domain.Actor, req reflect.Value) error {
	for _, f := range d.fields {
		if !f.guard.self {
			continue
		}
		at := req.Field(f.index)
		given := ids[domain.EntityID](at)
		if len(given) == 0 && actor.Entity != "" && (actor.Bound || f.guard.option != "filter") {
			fill(at, actor.Entity)
		}
		if actor.Bound && slices.ContainsFunc(given, func(id domain.EntityID) bool { return id != actor.Entity }) {
			return domain.Errorf(domain.Forbidden, "%s must be your own", f.name)
		}
	}
	return nil
}

// admit refuses a bound caller that takes no part in a channel of the request. Codes:
// forbidden, not_found, and those of Membership.
func (o *Op) admit(ctx context.Context, actor domain.Actor, req any) error {
	if !actor.Bound {
		return nil
	}
	value := reflect.ValueOf(req).Elem()
	for _, f := range o.decoder.fields {
		if !f.guard.channel {
			continue
		}
		at := value.Field(f.index)
		for _, channel := range ids[domain.ChannelID](at) {
			err := o.takesPart(ctx, actor, channel)
			absent := domain.IsCode(err, domain.NotFound)
			if err != nil && (!absent || f.guard.option != "new" && !isList(at)) {
				return err // of a list, what does not exist is left out by whoever answers
			}
		}
	}
	return nil
}

// takesPart is nil if the caller takes part in a channel.
func (o *Op) takesPart(ctx context.Context, actor domain.Actor, channel domain.ChannelID) error {
	if o.registry.opts.Membership == nil || actor.Entity == "" {
		return ErrNoPart
	}
	in, err := o.registry.opts.Membership(ctx, channel, actor.Entity)
	if err == nil && !in {
		err = ErrNoPart
	}
	return err
}

// ErrNoPart refuses a caller that takes no part in a channel.
var ErrNoPart = domain.Errorf(domain.Forbidden, "Access denied: you do not take part in this channel")

// isList reports whether a field holds several ids.
func isList(v reflect.Value) bool {
	t := v.Type()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Slice
}

// ids returns the ids that a field holds, directly, in a list or behind a pointer.
func ids[T ~string](v reflect.Value) []T {
	switch v.Kind() { //nolint:exhaustive // newGuard allows these only
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return ids[T](v.Elem())
	case reflect.Slice:
		var all []T
		for i := range v.Len() {
			if id := T(v.Index(i).String()); id != "" {
				all = append(all, id)
			}
		}
		return all
	default:
		if v.String() == "" {
			return nil
		}
		return []T{T(v.String())}
	}
}

// fill makes id what a field holds.
func fill(v reflect.Value, id domain.EntityID) {
	switch v.Kind() { //nolint:exhaustive // newGuard allows these only
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		fill(fresh.Elem(), id)
		v.Set(fresh)
	case reflect.Slice:
		v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), reflect.Zero(v.Type().Elem())))
		fill(v.Index(0), id)
	default:
		v.SetString(string(id))
	}
}
