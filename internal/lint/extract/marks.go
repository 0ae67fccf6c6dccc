package extract

import (
	"bytes"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// marks are the marks of all formats, prepared to be found in one pass.
type marks struct {
	words   [][]byte
	formats []markedFormat
	// byStart has the words by their first startLength bytes. Most starts in a text are those of no word, which a look at
	// the number of words with the same hash shows.
	byStart map[uint32][]int
	byHash  [1 << hashBits]uint8
}

// markedFormat is a format with the indexes of the words in each group of its marks.
type markedFormat struct {
	*read.Format
	groups [][]int
}

const (
	startLength = 3 // no word is shorter
	hashBits    = 13
)

// hash returns a hash of the first bytes of a word.
func hash(start uint32) uint32 { return start * 0x9E3779B1 >> (32 - hashBits) }

// marksOf returns the marks of some formats.
func marksOf(formats []*read.Format) *marks {
	m := &marks{byStart: map[uint32][]int{}}
	known := map[string]int{}
	for _, format := range formats {
		marked := markedFormat{Format: format}
		for _, group := range format.Marks {
			var indexes []int
			for _, word := range group {
				index, listed := known[word]
				if !listed {
					index = len(m.words)
					known[word], m.words = index, append(m.words, []byte(word))
					start := uint32(word[0])<<16 | uint32(word[1])<<8 | uint32(word[2])
					m.byStart[start] = append(m.byStart[start], index)
					m.byHash[hash(start)]++
				}
				indexes = append(indexes, index)
			}
			marked.groups = append(marked.groups, indexes)
		}
		m.formats = append(m.formats, marked)
	}
	return m
}

var allMarks = sync.OnceValue(func() *marks { return marksOf(formats()) })

// formatsIn calls found for each format of which a text has the marks, until it returns false.
func (m *marks) formatsIn(data []byte, found func(*read.Format) bool) {
	seen := make([]bool, len(m.words))
	complete := make([]bool, len(m.formats))
	left := m.byHash // of the words that were not seen
	var start uint32
	for end, c := range data {
		start = (start<<8 | uint32(c)) & (1<<(8*startLength) - 1)
		if left[hash(start)] == 0 || end < startLength-1 {
			continue
		}
		for _, word := range m.byStart[start] {
			if seen[word] || !bytes.HasPrefix(data[end+1-startLength:], m.words[word]) {
				continue
			}
			seen[word] = true
			left[hash(start)]--
			for i := range m.formats {
				if !complete[i] && m.formats[i].markedBy(seen) {
					complete[i] = true
					if !found(m.formats[i].Format) {
						return
					}
				}
			}
		}
	}
}

// markedBy reports whether the words that were seen have one of each group.
func (f *markedFormat) markedBy(seen []bool) bool {
	for _, group := range f.groups {
		any := false
		for _, word := range group {
			any = any || seen[word]
		}
		if !any {
			return false
		}
	}
	return true
}
