package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parley/domain/op"
)

// routes are the bound operations: a tree of path segments per method.
type routes map[string]*node

// node is a place in the tree.
type node struct {
	literals map[string]*node
	param    *node
	// op ends here, nil if none does; params are its names of the parameters on the way,
	// route its path with them.
	op     *op.Op
	params []string
	route  string
}

// methods are those that an operation may be bound to.
func methods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

// bind returns the routes of all operations, or an error if two claim the same.
func bind(registry *op.Registry) (routes, error) {
	bound := routes{}
	for _, o := range registry.Ops() {
		for _, text := range o.Routes {
			if err := bound.add(o, text); err != nil {
				return nil, fmt.Errorf("operation %s: route %q %w", o.Name, text, err)
			}
		}
	}
	return bound, nil
}

// add binds o to "METHOD /path/:param".
func (r routes) add(o *op.Op, text string) error {
	method, path, _ := strings.Cut(text, " ") // the registry has checked the form
	if !slices.Contains(methods(), method) {
		return fmt.Errorf("has no usable method: %v are", methods())
	}
	if r[method] == nil {
		r[method] = &node{}
	}
	at, params := r[method], []string(nil)
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			params = append(params, name)
		}
		at = at.child(segment)
	}
	if at.op != nil {
		return fmt.Errorf("is taken by %s", at.op.Name)
	}
	at.op, at.params, at.route = o, params, path
	return nil
}

// child returns the node below n for a segment of a route; it is made if need be.
func (n *node) child(segment string) *node {
	if strings.HasPrefix(segment, ":") {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	if n.literals[segment] == nil {
		n.literals[segment] = &node{}
	}
	return n.literals[segment]
}

// find returns the operation of a request, the route that leads to it and the path
// parameters, nil if there is none. Where several routes fit, the one with a literal where they first differ wins.
func (r routes) find(method string, u *url.URL) (o *op.Op, route string, path map[string]string) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	root, segments := r[method], split(u)
	if root == nil || segments == nil {
		return nil, "", nil
	}
	found, values := root.find(segments, nil)
	if found == nil {
		return nil, "", nil
	}
	path = make(map[string]string, len(values))
	for i, name := range found.params {
		path[name] = values[i]
	}
	return found.op, found.route, path
}

// find returns the node that the segments lead to, with the values of its
// parameters: by the literal if that leads anywhere, else by the parameter.
func (n *node) find(segments, values []string) (*node, []string) {
	if len(segments) == 0 {
		if n.op == nil {
			return nil, nil
		}
		return n, values
	}
	if next := n.literals[segments[0]]; next != nil {
		if found, out := next.find(segments[1:], values); found != nil {
			return found, out
		}
	}
	if n.param == nil || segments[0] == "" {
		return nil, nil
	}
	return n.param.find(segments[1:], append(values, segments[0]))
}

// split returns the segments of a path, each with its escapes undone, so that an
// escaped slash is part of a value; nil if the escapes are broken.
func split(u *url.URL) []string {
	if u.RawPath == "" {
		return strings.Split(u.Path, "/")
	}
	segments := strings.Split(u.EscapedPath(), "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil
		}
		segments[i] = plain
	}
	return segments
}
