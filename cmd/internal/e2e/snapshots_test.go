package e2e_test

import (
	"errors"
	"flag"
	"fmt"
	"image"
	_ "image/jpeg" // the screenshots' format
	"os"
	"path/filepath"
	"slices"
)

// update replaces the kept files (snapshots, transcript) by what the run brought.
var update = flag.Bool("update", false, "replace the kept snapshots and transcripts by those of this run")

// How alike a screenshot must be to the kept one: pictures are compared in cells of so
// many pixels, a cell differs if its mean does by so much of 255, and so many cells in a
// hundred may differ. Times, names and the machine's fonts stay below that; a part of the
// page that is missing, or stands elsewhere, does not.
const (
	cellSize   = 24
	cellDiffer = 28
	maxDiffer  = 8
)

// compareShots checks every screenshot of a folder against the one that is kept, and
// that none is missing.
func compareShots(shots, kept string) error {
	fresh, err := filepath.Glob(filepath.Join(shots, "*.jpg"))
	if err != nil {
		return err
	}
	if len(fresh) == 0 {
		return fmt.Errorf("no screenshots in %s", shots)
	}
	known, err := filepath.Glob(filepath.Join(kept, "*.jpg"))
	if err != nil {
		return err
	}
	if *update {
		return keepShots(fresh, known, kept)
	}
	names := func(paths []string) []string {
		list := make([]string, len(paths))
		for i, p := range paths {
			list[i] = filepath.Base(p)
		}
		slices.Sort(list)
		return list
	}
	if got, want := names(fresh), names(known); !slices.Equal(got, want) {
		return fmt.Errorf("screenshots\n%v\nkept are\n%v\n(go test -update keeps the new ones)", got, want)
	}
	var faults []error
	for _, path := range fresh {
		if err := alike(path, filepath.Join(kept, filepath.Base(path)), maxDiffer); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w; look at %s, and keep it with go test -update if it is right", filepath.Base(path), err, path))
		}
	}
	return errors.Join(faults...)
}

// keepShots replaces the kept screenshots by the fresh ones, but for those in which no
// cell differs: else every run would change all.
func keepShots(fresh, known []string, kept string) error {
	if err := os.MkdirAll(kept, 0o755); err != nil {
		return err
	}
	for _, path := range fresh {
		target := filepath.Join(kept, filepath.Base(path))
		known = slices.DeleteFunc(known, func(k string) bool { return k == target })
		if alike(path, target, 0) == nil {
			continue
		}
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(target, data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	for _, path := range known {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// alike compares two pictures cell by cell; of a hundred cells so many may differ.
func alike(got, want string, allowed int) error {
	a, err := decodePicture(got)
	if err != nil {
		return err
	}
	b, err := decodePicture(want)
	if err != nil {
		return err
	}
	if a.Bounds() != b.Bounds() {
		return fmt.Errorf("is %v instead of %v", a.Bounds().Size(), b.Bounds().Size())
	}
	cells, differ := 0, 0
	size := a.Bounds().Size()
	for y := 0; y < size.Y; y += cellSize {
		for x := 0; x < size.X; x += cellSize {
			cells++
			if meanDifference(a, b, image.Rect(x, y, min(x+cellSize, size.X), min(y+cellSize, size.Y))) > cellDiffer {
				differ++
			}
		}
	}
	if differ*100 > cells*allowed {
		return fmt.Errorf("%d of %d cells look different", differ, cells)
	}
	return nil
}

// meanDifference is by how much the mean colours of two pictures differ within a cell,
// the largest of red, green and blue, from 0 to 255.
func meanDifference(a, b image.Image, cell image.Rectangle) int {
	var sum [3]int
	for y := cell.Min.Y; y < cell.Max.Y; y++ {
		for x := cell.Min.X; x < cell.Max.X; x++ {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			sum[0] += int(ar>>8) - int(br>>8)
			sum[1] += int(ag>>8) - int(bg>>8)
			sum[2] += int(ab>>8) - int(bb>>8)
		}
	}
	most, n := 0, cell.Dx()*cell.Dy()
	for _, s := range sum {
		most = max(most, s/n, -s/n)
	}
	return most
}

// decodePicture reads a picture.
func decodePicture(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	picture, _, err := image.Decode(f)
	return picture, err
}
