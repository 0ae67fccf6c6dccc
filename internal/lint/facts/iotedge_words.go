package facts

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// inferenceWordList holds, sorted, the words and pairs of words by which people name
// what infers and nothing else. What also names something else is not in it: model,
// detector, score, vision, ai, torch, triton, and what only may be learned, such as
// anomaly detection.
//
//go:embed iotedge_words.txt
var inferenceWordList string

var inferenceWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.Lines(inferenceWordList) {
		words[strings.TrimSpace(word)] = true
	}
	return words
})

// edgeInference is known where a word of a module's name or of its image says that it
// infers. Nothing else in a manifest tells that of a module without GPU or FPGA.
func edgeInference(name, image *source.Node) Fact[Workload] {
	if word := inferenceWord(name.Text); word != "" {
		return Know(IoTModule, Place{Node: name, Why: fmt.Sprintf("the module's name has the word %s", word)})
	}
	path, _ := imagePath(image)
	if word := inferenceWord(path); word != "" {
		return Know(IoTModule, Place{Node: image, Why: fmt.Sprintf("the module's image has the word %s", word)})
	}
	return Fact[Workload]{}
}

// mayTrain tells whether the name of a module or of its image speaks of training.
func mayTrain(name, image *source.Node) bool {
	_, base := imagePath(image)
	for _, text := range []string{name.Text, base} {
		for _, word := range splitWords(text, true) {
			switch plainWord(word) {
			case "trainer", "training", "retrain", "retrainer", "retraining", "finetune", "finetuning":
				return true
			}
		}
	}
	return false
}

// inferenceWord returns the first word or pair of words of a name that the list has,
// empty for none.
func inferenceWord(name string) string {
	known := inferenceWords()
	// ONNXRuntime and YOLOv8 have their words in the one way or in the other.
	for _, humps := range []bool{false, true} {
		before := ""
		for _, word := range splitWords(name, humps) {
			for _, candidate := range []string{word, plainWord(word), before + " " + word} {
				if known[candidate] {
					return candidate
				}
			}
			before = word
		}
	}
	return ""
}

// plainWord leaves out what every module may have in its name: predictmodule,
// InferenceServer.
func plainWord(word string) string {
	for _, what := range []string{"module", "server", "service", "engine"} {
		if plain, ok := strings.CutSuffix(word, what); ok {
			return plain
		}
	}
	return word
}

// splitWords returns the runs of letters of a name in lower case, parted where a
// capital begins a word too if humps says so.
func splitWords(name string, humps bool) []string {
	var words []string
	letters := []rune(name)
	start := 0
	end := func(at int) {
		if at > start {
			words = append(words, strings.ToLower(string(letters[start:at])))
		}
	}
	for i, c := range letters {
		switch {
		case !unicode.IsLetter(c):
			end(i)
			start = i + 1
		case humps && i > start && unicode.IsUpper(c) &&
			(unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])):
			end(i)
			start = i
		}
	}
	end(len(letters))
	return words
}

// imagePath returns the name of a container image without its registry and digest, and
// the last part of it without its tag. A registry holds images of all kinds.
func imagePath(image *source.Node) (path, base string) {
	path, _ = image.Scalar()
	path, _, _ = strings.Cut(path, "@")
	if host, rest, ok := strings.Cut(path, "/"); ok && (strings.ContainsAny(host, ".:$<{") || host == "localhost") {
		path = rest
	}
	base = path[strings.LastIndexByte(path, '/')+1:]
	base, _, _ = strings.Cut(base, ":")
	return path, base
}
