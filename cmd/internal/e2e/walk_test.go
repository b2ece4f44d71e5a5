package e2e_test

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// keptQuality is the JPEG quality of the snapshots that are kept.
const keptQuality = 60

// TestEveryStateOfTheChatPage walks the chat page in both window sizes and both themes,
// and compares each state with the snapshot that is kept: how the page looks, which has
// nothing to do with the number of replicas. The full screenshots stay in
// web/e2e/out/walk.
func TestEveryStateOfTheChatPage(t *testing.T) {
	browser := chromium(t)
	_, file, _, _ := runtime.Caller(0)
	here := filepath.Dir(file)
	out := filepath.Join(here, "..", "..", "..", "web", "e2e", "out", "walk")
	// One of the walks also goes through what is the same in all of them.
	walks := []struct{ size, theme, extent string }{
		{"phone", "dark", "states"}, {"wide", "light", "all"}, {"phone", "light", "states"}, {"wide", "dark", "states"},
	}
	for _, walk := range walks {
		name := walk.size + "-" + walk.theme
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pageTest(t, func() error {
				shots, small := filepath.Join(out, name), t.TempDir()
				if err := os.RemoveAll(shots); err != nil {
					return err
				}
				if err := os.MkdirAll(shots, 0o755); err != nil {
					return err
				}
				const key = "sesame"
				open := one.start(t, "RATE_LIMIT_API=0", "PARLEY_BUILTIN_PACE=150ms")
				locked := one.start(t, "RATE_LIMIT_API=0", "ELIZA_SERVER_AUTH_TOKEN="+key)
				if err := tryNode(t, "walk.mjs", open.url, locked.url, key, shots, browser, walk.size, walk.theme, walk.extent); err != nil {
					return err
				}
				if err := shrinkShots(shots, small); err != nil {
					return err
				}
				return compareShots(small, filepath.Join(here, "testdata", "snapshots", name))
			})
		})
	}
}

// shrinkShots writes the screenshots of a folder to another one as they are kept: at half
// their size.
func shrinkShots(from, to string) error {
	shots, err := filepath.Glob(filepath.Join(from, "*.jpg"))
	if err != nil {
		return err
	}
	for _, path := range shots {
		name := filepath.Base(path)
		picture, err := decodePicture(path)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := writePicture(filepath.Join(to, name), halved(picture)); err != nil {
			return err
		}
	}
	return nil
}

// halved is a picture at half its size, each pixel the mean of four.
func halved(picture image.Image) image.Image {
	from := picture.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, from.Dx()/2, from.Dy()/2))
	for y := range small.Rect.Dy() {
		for x := range small.Rect.Dx() {
			var sum [3]uint32
			for i := range 4 {
				r, g, b, _ := picture.At(from.Min.X+2*x+i%2, from.Min.Y+2*y+i/2).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
			}
			small.SetRGBA(x, y, color.RGBA{R: mean(sum[0]), G: mean(sum[1]), B: mean(sum[2]), A: 255})
		}
	}
	return small
}

// mean is a quarter of the sum of four bytes.
func mean(sum uint32) uint8 {
	return uint8(sum / 4)
}

// writePicture stores a picture as a JPEG.
func writePicture(path string, picture image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := jpeg.Encode(f, picture, &jpeg.Options{Quality: keptQuality}); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
