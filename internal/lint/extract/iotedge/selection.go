package iotedge

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// selectsGPU returns the location of a variable or an argument that selects the GPU for computing. It
// names a device (DEVICE=GPU, --target_device GPU, {"detection-device": "GPU.0"}) or sets a switch
// (USE_GPU=true, --use-gpu). It returns the zero Location if there is none.
func (o *createOptions) selectsGPU(env *source.Node) facts.Location {
	const why = "selects the GPU"
	for name, value := range env.Pairs() {
		n := value.Get("value")
		if text, ok := o.outer.Scalar(n); ok && variableSelectsGPU(name.Text(), text) {
			return facts.Because(o.outer.MarkUsed(n), why)
		}
	}
	for _, n := range o.root.GetFold("Env").Items() {
		text, ok := o.inner.Scalar(n)
		name, value, _ := strings.Cut(text, "=")
		if ok && env.Get(name) == nil && variableSelectsGPU(name, value) { // the module's variable overrides the container's
			return o.location(facts.Because(o.inner.MarkUsed(n), why))
		}
	}
	for _, key := range []string{"Entrypoint", "Cmd"} {
		list := o.root.GetFold(key)
		var words []string
		var of []*source.Node
		for _, n := range append(slices.Clone(list.Items()), list) {
			text, ok := o.inner.Scalar(n)
			if ok && gpuSelected(text) {
				return o.location(facts.Because(o.inner.MarkUsed(n), why))
			}
			for _, word := range strings.Fields(text) {
				words, of = append(words, word), append(of, n)
			}
		}
		if i := gpuArgument(words); i >= 0 {
			return o.location(facts.Because(o.inner.MarkUsed(of[i]), why))
		}
	}
	return facts.Location{}
}

// variableSelectsGPU reports whether an environment variable selects the GPU. Its value may be a
// document or a command line.
func variableSelectsGPU(name, value string) bool {
	return gpuSelected(name+"="+value) || gpuArgument(strings.Fields(value)) >= 0
}

// gpuArgument returns the index of the argument that selects the GPU, -1 if there is none. If the
// value is a separate argument, it is the index of the value. A switch without a value is on.
func gpuArgument(arguments []string) int {
	for i, argument := range arguments {
		next := ""
		if i+1 < len(arguments) {
			next = arguments[i+1]
		}
		if name := strings.TrimLeft(argument, "-"); name != argument && switchesToGPU(name) && !switchedOff(next) {
			return i
		}
		if next != "" && gpuSelected(argument+" "+next) {
			return i + 1
		}
	}
	return -1
}

// switchedOff reports whether the argument after a switch turns it off.
func switchedOff(value string) bool {
	switch strings.ToLower(value) {
	case "false", "0", "no", "n", "off", "none", "disabled", "cpu":
		return true
	}
	return false
}

// gpuSelected reports whether a text selects the GPU. It has a device with a GPU in its value
// (MULTI:GPU,CPU), or a switch to the GPU with a value that turns it on.
func gpuSelected(text string) bool {
	for _, match := range deviceSelection().FindAllStringSubmatch(text, -1) {
		if !otherThanCompute(match[1]) {
			return true
		}
	}
	for _, match := range switchSelection().FindAllStringSubmatch(text, -1) {
		if switchesToGPU(match[1]) {
			return true
		}
	}
	return false
}

var deviceSelection = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)([a-z0-9_.-]*(?:devices?|target|accelerator|hardware|processor|backend|compute)(?:[_-]?(?:type|mode))?|(?:^|\s)-d)` +
		`\\?["']?\s*[:= ]\s*\\?["']?(?:[a-z]+:)?(?:[a-z0-9.]+,)*GPU(?:\.\d+)?(?:_FP(?:16|32))?(?:$|[^a-z0-9_.-])`)
})

var switchSelection = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)([a-z0-9_.-]*gpu[a-z0-9_.-]*)\\?["']?\s*[:=]\s*\\?["']?(?:true|yes|y|on|1|enabled?)(?:$|[^a-z0-9_.-])`)
})

// otherThanCompute reports whether a name belongs to a device that displays, decodes or encodes.
func otherThanCompute(name string) bool {
	return read.ContainsAny([]byte(strings.ToLower(name)), []string{"display", "decod", "encod", "hwaccel", "render", "video", "vaapi", "capture"})
}

// switchesToGPU reports whether a name is a switch that moves the computation to the GPU: gpu,
// use_gpu, enableGPU, model-run-on-gpu, gpu_enabled. Switches for something else, such as
// ENABLE_GPU_METRICS, and those that turn something off do not count.
func switchesToGPU(name string) bool {
	words := splitWords(name, true)
	if len(words) == 0 || otherThanCompute(name) || slices.ContainsFunc(words, func(word string) bool {
		switch word {
		case "no", "not", "dont", "never", "disable", "disabled", "without", "skip":
			return true
		}
		return false
	}) {
		return false
	}
	last, before := words[len(words)-1], ""
	if len(words) > 1 {
		before = words[len(words)-2]
	}
	switch last {
	case "usegpu", "enablegpu", "withgpu", "gpuenabled":
		return true
	case "gpu", "gpus":
		switch before {
		case "", "use", "using", "enable", "enabled", "with", "on":
			return true
		}
	case "enable", "enabled", "inference":
		return before == "gpu"
	}
	return false
}
