package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"parley/cmd/parleydiff/internal/diff"
	"parley/cmd/parleydiff/internal/play"
	"parley/cmd/parleydiff/internal/script"
	"parley/cmd/parleydiff/internal/target"
)

// compare starts both servers, plays the script on both and reports; it returns how many
// differences nothing explains.
func compare(ctx context.Context, o options, out io.Writer) (unexplained int, err error) {
	log, err := os.Create(o.log)
	if err != nil {
		return 0, fmt.Errorf("open the log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	reference, err := target.Reference(ctx, o.reference, log)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reference.Stop()) }()
	parley, err := target.Parley(ctx, o.parley, log)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, parley.Stop()) }()

	steps := script.All()
	theirs, err := playAll(ctx, reference.URL, steps)
	if err != nil {
		return 0, fmt.Errorf("on the reference: %w", err)
	}
	ours, err := playAll(ctx, parley.URL, steps)
	if err != nil {
		return 0, fmt.Errorf("on Parley: %w", err)
	}
	var found []diff.Difference
	for i, step := range steps {
		found = append(found, diff.Compare(step.Name, theirs[i], ours[i])...)
	}
	return report(out, len(steps), found, o.verbose)
}

// playAll plays the steps on one server.
func playAll(ctx context.Context, url string, steps []script.Step) (answers []diff.Answer, err error) {
	p := play.New(url)
	defer func() { err = errors.Join(err, p.Close()) }()
	for _, step := range steps {
		answer, err := p.Play(ctx, step)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// report prints what came out; it returns how many differences nothing explains.
func report(out io.Writer, steps int, found []diff.Difference, verbose bool) (int, error) {
	list := excuses()
	for _, e := range list {
		if err := e.Validate(); err != nil {
			return 0, err
		}
	}
	j := diff.Judge(found, list)
	if verbose {
		for _, d := range found {
			fmt.Fprintln(out, "  ", d)
		}
	}
	for i, e := range list {
		fmt.Fprintf(out, "known: %s (%d): %s [%s]\n", e.Name, j.Explained[i], e.Reason, e.Contract)
	}
	if unused := j.Unused(list); unused != "" {
		fmt.Fprintln(out, "entries that explain nothing any more:", unused)
	}
	for _, d := range j.Unexplained {
		fmt.Fprintln(out, "UNEXPLAINED", d)
	}
	fmt.Fprintf(out, "%d steps, %d differences, %d explained by %d entries, %d unexplained\n",
		steps, len(found), len(found)-len(j.Unexplained), len(list), len(j.Unexplained))
	return len(j.Unexplained), nil
}
