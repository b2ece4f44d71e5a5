package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/blob"
	"parley/domain/media"
	"parley/storage/files"
)

// referenceData is where the reference keeps its files, below the folder it runs in.
var referenceData = filepath.Join(".eliza", "data")

// openFiles opens where files are kept: in the database if that keeps them, else in folders
// below the data folder, which the store has locked. What the reference has left in the
// working folder is served too, and never changed.
func (a *App) openFiles(context.Context, Options) error {
	if a.store.Blobs != nil {
		return a.openScratch()
	}
	var err error
	a.files, err = files.Open(files.Options{Dir: a.cfg.DataDir, Fallback: referenceData})
	if err != nil {
		return fmt.Errorf("%w (PARLEY_DATA_DIR chooses another folder)", err)
	}
	a.blobs, a.served = a.files, a.files
	return nil
}

// openScratch makes a folder of this process's own, in which uploads lie while they arrive:
// the data folder may be one that several replicas of a machine share.
func (a *App) openScratch() error {
	var err error
	if a.scratch, err = os.MkdirTemp("", "parley-"); err != nil {
		return fmt.Errorf("make a folder for uploads: %w (TMPDIR chooses another place)", err)
	}
	a.files, err = files.Open(files.Options{Dir: a.scratch, Fallback: referenceData})
	if err != nil {
		return fmt.Errorf("make a folder for uploads: %w", err)
	}
	a.blobs, a.served = a.store.Blobs, firstOf{a.store.Blobs, a.files}
	return nil
}

// closeFiles ends what openFiles has opened.
func (a *App) closeFiles() error {
	var errs []error
	if a.files != nil {
		errs = append(errs, a.files.Close())
	}
	if a.scratch != "" {
		errs = append(errs, os.RemoveAll(a.scratch))
	}
	return errors.Join(errs...)
}

// firstOf opens contents where they are found first.
type firstOf []media.Opener

// Open opens the contents of a key.
func (o firstOf) Open(ctx context.Context, key blob.Key) (object blob.Object, err error) {
	for _, from := range o {
		if object, err = from.Open(ctx, key); !domain.IsCode(err, domain.NotFound) {
			break
		}
	}
	return object, err
}

// buildMedia builds the service of files.
func (a *App) buildMedia() error {
	kinds, err := a.cfg.UploadKinds()
	if err != nil {
		return err
	}
	a.media = media.New(media.Options{Store: a.store.Files, Blobs: a.blobs, Messages: a.store.Messaging, Kinds: kinds,
		Now: a.now, Logger: a.log, Alone: !a.store.Caps.Replicas})
	return nil
}

// agentStates tells the audio service which agents run.
type agentStates struct{ agents *agents.Service }

// Runs reports whether an agent exists, and whether it runs.
func (s agentStates) Runs(_ context.Context, id domain.AgentID) (exists, runs bool, err error) {
	_, runs, exists = s.agents.AgentState(id)
	return exists, runs, nil
}
