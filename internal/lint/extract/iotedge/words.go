package iotedge

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// InferenceWordList is a sorted list of words and pairs of words that name only inference.
// Ambiguous words are left out: model, detector, score, vision, ai, torch, triton. So are words for
// what may be learned without inference, such as anomaly detection.
//
//go:embed words.txt
var InferenceWordList string

// CompoundEndingList is a sorted list of words that mean inference at the end of a lower-case
// compound: fruitclassifier. After each word are words that end with it and have another meaning.
//
//go:embed endings.txt
var CompoundEndingList string

// NetworkList is a sorted list of neural networks whose names identify them anywhere in a compound:
// tinyyolov4. After each name are words that contain it and have another meaning.
//
// Short names such as ssd are left out. So are names that two other words can form, such as resnet
// (cores, net), which is recognized with its depth only.
//
//go:embed networks.txt
var NetworkList string

var inferenceWords = sync.OnceValue(func() map[string]bool { return read.Lines(InferenceWordList) })

var compoundEndings = sync.OnceValue(func() []compoundWord { return compoundWords(CompoundEndingList) })

var networks = sync.OnceValue(func() []compoundWord { return compoundWords(NetworkList) })

// compoundWord is a word that means inference inside other words, except inside those of except.
type compoundWord struct {
	word   string
	except []string
}

func compoundWords(list string) []compoundWord {
	var words []compoundWord
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		words = append(words, compoundWord{fields[0], fields[1:]})
	}
	return words
}

// without returns a text without the words of another meaning.
func (c compoundWord) without(text string) string {
	for _, other := range c.except {
		text = strings.ReplaceAll(text, other, " ")
	}
	return text
}

// inferenceCompound returns the word that a compound ends with, or the network in it; empty where
// there is none.
func inferenceCompound(word string) string {
	for _, ending := range compoundEndings() {
		if strings.HasSuffix(ending.without(word), ending.word) {
			return ending.word
		}
	}
	if endsInTraining(word) {
		return ""
	}
	for _, network := range networks() {
		if strings.Contains(network.without(word), network.word) {
			return network.word
		}
	}
	return ""
}

// endsInTraining reports whether a compound ends with a word for training.
func endsInTraining(word string) bool {
	return strings.HasSuffix(word, "train") || strings.HasSuffix(word, "trainer") || strings.HasSuffix(word, "training")
}

// edgeInference is known if a word in the name of a module or of its image means inference. A
// manifest has no other evidence for a module without GPU or FPGA.
func edgeInference(name, image *source.Node) facts.Fact[facts.Workload] {
	if word := inferenceWord(name.Text()); word != "" {
		return facts.Know(facts.IoTModule, facts.Location{Node: name, Why: fmt.Sprintf("the name of the module contains the word %s", word)})
	}
	path, _ := imagePath(image)
	if word := inferenceWord(path); word != "" {
		return facts.Know(facts.IoTModule, facts.Location{Node: image, Why: fmt.Sprintf("the image of the module contains the word %s", word)})
	}
	if aiServices(path) {
		return facts.Know(facts.IoTModule, facts.Location{Node: image, Why: "the image is a container of Azure AI services"})
	}
	return facts.Fact[facts.Workload]{}
}

// aiServices reports whether the path of an image is that of a container of Azure AI services,
// formerly Cognitive Services. The image is in Microsoft's registry or a copy. Containers that only
// diagnose others do not count.
// https://learn.microsoft.com/azure/ai-services/cognitive-services-container-support
func aiServices(path string) bool {
	services := false
	for step := range strings.SplitSeq(strings.ToLower(path), "/") {
		step, _, _ = strings.Cut(step, ":")
		if strings.HasPrefix(step, "diagnostic") {
			return false
		}
		services = services || step == "azure-cognitive-services" || strings.HasPrefix(step, "cognitive-services-")
	}
	return services
}

// mayTrain reports whether the name of a module or of its image has a word for training.
func mayTrain(name, image *source.Node) bool {
	_, base := imagePath(image)
	for _, text := range []string{name.Text(), base} {
		for _, word := range splitWords(text, true) {
			switch plainWord(word) {
			case "trainer", "training", "retrain", "retrainer", "retraining", "finetune", "finetuning":
				return true
			}
		}
	}
	return false
}

// inferenceWord returns the first word or pair of words in a name that is in the list, empty where
// there is none. A version may follow a word or be part of the name of a network.
func inferenceWord(name string) string {
	for _, name := range []string{name, withoutVersions(name)} {
		if word := listedWord(name); word != "" {
			return word
		}
	}
	return deepNetwork(name)
}

func listedWord(name string) string {
	known := inferenceWords()
	// ONNXRuntime and YOLOv8 need different ways to split words.
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
	for _, word := range splitWords(name, false) {
		for _, candidate := range []string{word, plainWord(word)} {
			if found := inferenceCompound(candidate); found != "" {
				return found
			}
		}
	}
	return ""
}

// withoutVersions separates a version from the word before it: fruitclassifier-v2 for
// fruitclassifierv2.
func withoutVersions(name string) string { return versioned().ReplaceAllString(name, "$1-$2") }

// versioned matches a version at the end of a lower-case word.
var versioned = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`([a-z]{2,})(v[0-9])`) })

// deepNetwork returns resnet if a compound has it with a known depth, such as edgeresnet50, and
// inception if it has that with a version. It is empty otherwise.
func deepNetwork(name string) string {
	for compound := range strings.FieldsFuncSeq(strings.ToLower(name), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		if match := deepNetworks().FindStringSubmatch(compound); match != nil && !endsInTraining(compound) {
			return match[1] + match[2]
		}
	}
	return ""
}

var deepNetworks = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:(resnet)(?:18|34|50|101|152)|(inception)(?:resnet)?v[1-4])(?:\D|$)`)
})

// plainWord removes words that any module may have in its name: predictmodule, InferenceServer.
func plainWord(word string) string {
	for _, what := range []string{"module", "server", "service", "engine"} {
		if plain, ok := strings.CutSuffix(word, what); ok {
			return plain
		}
	}
	return word
}

// splitWords returns the runs of letters of a name in lower case. If humps is true, capitals begin
// new words.
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

// imagePath returns the name of a container image without its registry and digest, and the last
// component without its tag. The registry does not identify the kind of image.
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
