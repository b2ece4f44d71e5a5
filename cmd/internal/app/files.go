package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/media"
	"parley/storage/files"
)

// referenceData is where the reference keeps its files, below the folder it runs in.
var referenceData = filepath.Join(".eliza", "data")

// openFiles opens the folders of files below the data folder, which the store has locked.
// What the reference has left in the working folder is served too, and never changed.
func (a *App) openFiles(context.Context, Options) error {
	var err error
	a.files, err = files.Open(files.Options{Dir: a.cfg.DataDir, Fallback: referenceData})
	if err != nil {
		return fmt.Errorf("%w (PARLEY_DATA_DIR chooses another folder)", err)
	}
	return nil
}

// buildMedia builds the service of files.
func (a *App) buildMedia() error {
	kinds, err := a.cfg.UploadKinds()
	if err != nil {
		return err
	}
	a.media = media.New(media.Options{Store: a.store.Files, Blobs: a.files, Messages: a.store.Messaging, Kinds: kinds,
		Now: time.Now, Logger: a.log, Alone: !a.store.Caps.Replicas})
	return nil
}

// agentStates tells the audio service which agents run.
type agentStates struct{ agents *agents.Service }

// Runs reports whether an agent exists, and whether it runs.
func (s agentStates) Runs(_ context.Context, id domain.AgentID) (exists, runs bool, err error) {
	_, runs, exists = s.agents.AgentState(id)
	return exists, runs, nil
}
