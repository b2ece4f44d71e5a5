package glove

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
)

// file holds the words and their vectors.
//
//go:embed glove-6b-100d-50k.bin
var file []byte

// headerSize is the length of the file's header, scaleSize that of a vector's scale.
const headerSize, scaleSize = 16, 4

// tableSize is the number of places in the table of words, a power of two of more than
// twice their number.
const tableSize = 1 << 17

// Space is the words and their vectors. It is safe for concurrent use.
type Space struct {
	words, vectors []byte
	count, size    int
	// starts holds where each word starts in words, and at last their end.
	starts []uint32
	// table finds a word's rank by its hash, the next places if that one is taken; 0 is
	// a free place.
	table []uint16
	// weights are by rank.
	weights []float32
	// mean is the vocabulary's weighted mean vector.
	mean []float64
}

// load reads the embedded file once.
var load = sync.OnceValues(func() (*Space, error) { return decode(file) })

// Load returns the embedded vectors. The first call takes some milliseconds.
func Load() (*Space, error) { return load() }

// decode reads the file's form: a header, the words by falling frequency, a line each,
// and the vectors in the same order.
func decode(data []byte) (*Space, error) {
	if len(data) < headerSize || string(data[:4]) != "GLV1" {
		return nil, errors.New("no file of word vectors")
	}
	count, size, length := word32(data, 4), word32(data, 8), word32(data, 12)
	if count >= tableSize/2 || count > math.MaxUint16 || size == 0 || uint64(len(data)) != headerSize+length+count*(scaleSize+size) {
		return nil, fmt.Errorf("%d bytes cannot hold %d vectors of %d", len(data), count, size)
	}
	s := &Space{
		words: data[headerSize : headerSize+length], vectors: data[headerSize+length:],
		count: int(count), size: int(size), //nolint:gosec // both are bounded above
		table: make([]uint16, tableSize),
	}
	if err := s.index(); err != nil {
		return nil, err
	}
	s.weigh()
	return s, nil
}

// word32 reads a number of the header.
func word32(data []byte, at int) uint64 { return uint64(binary.LittleEndian.Uint32(data[at:])) }

// index finds where each word starts and enters it into the table.
func (s *Space) index() error {
	s.starts = make([]uint32, 1, s.count+1)
	at := 0
	for rank := 1; rank <= s.count; rank++ {
		end := bytes.IndexByte(s.words[at:], '\n')
		if end < 0 {
			return fmt.Errorf("there are %d words instead of %d", rank-1, s.count)
		}
		place := hash(string(s.words[at : at+end]))
		for s.table[place] != 0 {
			place = (place + 1) % tableSize
		}
		s.table[place] = uint16(rank)
		at += end + 1
		s.starts = append(s.starts, uint32(at)) //nolint:gosec // the length of the words is a uint32 in the file
	}
	return nil
}

// hash is a word's first place in the table (FNV-1a).
func hash(word string) uint32 {
	h := uint32(2166136261)
	for i := range len(word) {
		h = (h ^ uint32(word[i])) * 16777619
	}
	return (h ^ h>>16) % tableSize
}

// weigh computes the weights of the words, from how frequent Zipf's law says a word of
// their rank is, and the mean.
func (s *Space) weigh() {
	const smoothing, euler = 1e-3, 0.5772
	s.weights = make([]float32, s.count+1)
	s.mean = make([]float64, s.size)
	zipf, total := math.Log(float64(s.count))+euler, 0.0
	for rank := 1; rank <= s.count; rank++ {
		weight := smoothing / (smoothing + 1/(float64(rank)*zipf))
		s.weights[rank] = float32(weight)
		total += weight
		s.add(s.mean, rank, weight)
	}
	for i := range s.mean {
		s.mean[i] /= total
	}
}

// Rank is a word's place by falling frequency from 1, or 0 if it is not known. The
// word must be in lower case.
func (s *Space) Rank(word string) int {
	for place := hash(word); s.table[place] != 0; place = (place + 1) % tableSize {
		rank := int(s.table[place])
		if string(s.words[s.starts[rank-1]:s.starts[rank]-1]) == word {
			return rank
		}
	}
	return 0
}

// add adds a word's vector, times weight, to sum.
func (s *Space) add(sum []float64, rank int, weight float64) {
	record := s.vectors[(rank-1)*(scaleSize+s.size) : rank*(scaleSize+s.size)]
	weight *= float64(math.Float32frombits(binary.LittleEndian.Uint32(record)))
	for i, component := range record[scaleSize:] {
		sum[i] += weight * float64(int8(component)) //nolint:gosec // the byte is a signed number
	}
}

// Similarity is the cosine of two words of given ranks, 0 if one is 0.
func (s *Space) Similarity(a, b int) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	x := s.vectors[(a-1)*(scaleSize+s.size)+scaleSize : a*(scaleSize+s.size)]
	y := s.vectors[(b-1)*(scaleSize+s.size)+scaleSize : b*(scaleSize+s.size)]
	var xy, xx, yy int
	for i := range x {
		p, q := int(int8(x[i])), int(int8(y[i])) //nolint:gosec // the bytes are signed numbers
		xy, xx, yy = xy+p*q, xx+p*p, yy+q*q
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return float64(xy) / math.Sqrt(float64(xx)*float64(yy))
}
