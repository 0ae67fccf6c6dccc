package facts

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// deviceClassPrefix makes the name of an extended resource of the name of a device class.
const deviceClassPrefix = "deviceclass.resource.kubernetes.io/"

// deviceClass reads a class whose devices are those of drivers of GPUs' vendors. A device must meet
// all of its selectors. Pods request it by claims, by the extended resource of its name and by one
// that it names.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/device-class-v1/
func (r *reader) deviceClass(spec *source.Node) {
	device, place := r.classDevice(spec.Get("selectors"))
	define := func(kind partKind, name *source.Node) {
		class := r.part(kind, "what requests its devices", &Deployment{})
		class.name, class.device = r.text(name).Value, device
		if device != noDevice {
			class.facts.Place = place
		}
	}
	define(deviceClassDefinition, r.root.At("metadata", "name"))
	if resource := spec.Get("extendedResourceName"); r.text(resource).Known {
		define(extendedResource, resource)
	}
}

// classDevice returns what the devices of a class are that meet all selectors.
func (r *reader) classDevice(selectors *source.Node) (device deviceKind, place Place) {
	partition := false
	for _, selector := range selectors.Elements() {
		expression := r.text(selector.At("cel", "expression"))
		if !expression.Known || len(expression.Value) > maxExpression {
			continue
		}
		selected := selectionOf(expression.Value, 0)
		partition = partition || selected.partition
		if selected.drivers == nil || device != noDevice {
			continue
		}
		if device = r.deviceOfDrivers(selected.drivers); device != noDevice {
			place = because(r.carry(expression.Place.Node), "the class selects devices of the driver "+strings.Join(selected.drivers, " or "))
		}
	}
	if partition && device == gpuDevice {
		device = gpuShare
	}
	return device, place
}

// deviceOfDrivers returns what the devices of drivers are, if they are of one kind.
func (r *reader) deviceOfDrivers(drivers []string) deviceKind {
	var all deviceKind
	for i, driver := range drivers {
		device, _ := r.deviceOf(deviceClassPrefix + driver)
		if i > 0 && device != all {
			return noDevice
		}
		all = device
	}
	return all
}

// selection is what an expression in CEL selects.
type selection struct {
	drivers   []string // the devices of these alone; nil where that is not known
	partition bool     // partitions of GPUs alone
}

const (
	// maxExpression is in bytes, the limit of Kubernetes.
	maxExpression = 10 << 10
	// maxNesting bounds parentheses around parentheses.
	maxNesting = 50
)

// selectionOf understands an expression by the conditions that it joins; what else is in them
// does not matter.
func selectionOf(expression string, depth int) selection {
	expression = strings.TrimSpace(expression)
	if depth == maxNesting || conditional(expression) {
		return selection{}
	}
	if alternatives := splitCEL(expression, "||"); len(alternatives) > 1 {
		all := selection{partition: true}
		for i, alternative := range alternatives {
			one := selectionOf(alternative, depth+1)
			all.partition = all.partition && one.partition
			if one.drivers == nil || i > 0 && all.drivers == nil {
				all.drivers = nil
				continue
			}
			for _, driver := range one.drivers {
				if !slices.Contains(all.drivers, driver) {
					all.drivers = append(all.drivers, driver)
				}
			}
		}
		return all
	}
	if conditions := splitCEL(expression, "&&"); len(conditions) > 1 {
		var all selection
		for _, condition := range conditions {
			one := selectionOf(condition, depth+1)
			all.partition = all.partition || one.partition
			if all.drivers == nil {
				all.drivers = one.drivers
			}
		}
		return all
	}
	if inner, ok := unwrapped(expression); ok {
		return selectionOf(inner, depth+1)
	}
	one := selection{partition: partitionCondition().MatchString(expression)}
	if match := driverCondition().FindStringSubmatch(expression); match != nil {
		for _, name := range driverName().FindAllStringSubmatch(match[0], -1) {
			one.drivers = append(one.drivers, name[1])
		}
	}
	return one
}

// driverCondition matches a condition that the driver is one of some.
var driverCondition = sync.OnceValue(func() *regexp.Regexp {
	const name = `["'][a-z0-9.-]+["']`
	return regexp.MustCompile(`^(?:device\.driver\s*==\s*` + name + `|` + name + `\s*==\s*device\.driver` +
		`|device\.driver\s+in\s+\[\s*` + name + `(?:\s*,\s*` + name + `)*\s*,?\s*\])$`)
})

var driverName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`["']([a-z0-9.-]+)["']`) })

// partitionCondition matches what the class mig.nvidia.com of NVIDIA's driver requires.
var partitionCondition = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\.type\s*==\s*["']mig["']$`)
})

// conditional reports whether an expression has a conditional operator at the top. A question mark
// after a dot or a bracket belongs to an optional field.
func conditional(expression string) bool {
	parts := splitCEL(expression, "?")
	for _, part := range parts[:len(parts)-1] {
		if part = strings.TrimSpace(part); !strings.HasSuffix(part, ".") && !strings.HasSuffix(part, "[") {
			return true
		}
	}
	return false
}

// unwrapped returns what is in the parentheses around an expression.
func unwrapped(expression string) (inner string, ok bool) {
	if !strings.HasPrefix(expression, "(") || !strings.HasSuffix(expression, ")") {
		return "", false
	}
	inner = expression[1 : len(expression)-1]
	depth := 0
	for _, token := range tokensOfCEL(inner) {
		switch token.text {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		}
		if depth < 0 { // the first and the last do not belong together
			return "", false
		}
	}
	return inner, depth == 0
}

// splitCEL cuts an expression at an operator that stands outside of brackets and texts.
func splitCEL(expression, operator string) []string {
	var parts []string
	start, depth := 0, 0
	for _, token := range tokensOfCEL(expression) {
		switch token.text {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		case operator:
			if depth == 0 {
				parts = append(parts, expression[start:token.at])
				start = token.at + len(operator)
			}
		}
	}
	return append(parts, expression[start:])
}

// celToken is a bracket or an operator at an offset in bytes.
type celToken struct {
	text string
	at   int
}

// tokensOfCEL returns the brackets and the operators that join conditions, without those in texts.
// https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
func tokensOfCEL(expression string) []celToken {
	var tokens []celToken
	for i := 0; i < len(expression); i++ {
		switch rest := expression[i:]; {
		case rest[0] == '"' || rest[0] == '\'':
			i += textOfCEL(rest, i > 0 && (expression[i-1] == 'r' || expression[i-1] == 'R')) - 1
		case strings.HasPrefix(rest, "||"), strings.HasPrefix(rest, "&&"):
			tokens = append(tokens, celToken{rest[:2], i})
			i++
		case strings.IndexByte("()[]{}?", rest[0]) >= 0:
			tokens = append(tokens, celToken{rest[:1], i})
		}
	}
	return tokens
}

// textOfCEL returns the length of the text in quotes with which an expression begins. In a raw one
// a backslash is a character like others.
func textOfCEL(expression string, raw bool) int {
	quote := expression[:1]
	if strings.HasPrefix(expression, strings.Repeat(quote, 3)) {
		quote = expression[:3]
	}
	for i := len(quote); i < len(expression); i++ {
		switch {
		case expression[i] == '\\' && !raw:
			i++
		case strings.HasPrefix(expression[i:], quote):
			return i + len(quote)
		}
	}
	return len(expression)
}

// classRequest is what a container requests of an extended resource that a device class may define.
type classRequest struct {
	name   string
	node   *source.Node
	number Fact[float64]
}

// classRequests returns what a container requests of extended resources that are not known by
// their names: of each the larger of request and limit.
func (r *reader) classRequests(resources *source.Node) []classRequest {
	var all []classRequest
	for _, of := range []*source.Node{resources.Get("limits"), resources.Get("requests")} {
		for name, value := range entries(of) {
			if device, _ := r.deviceOf(name.Text); device != noDevice || !strings.Contains(name.Text, "/") || later(name, name.Text) {
				continue
			}
			number := r.again(func(n *source.Node) Fact[float64] { return r.device(n, noDevice) }, value)
			if !number.Known || number.Value == 0 {
				continue
			}
			number.Place.Why = "the container requests the extended resource " + name.Text
			i := slices.IndexFunc(all, func(known classRequest) bool { return known.name == name.Text })
			switch {
			case i < 0:
				all = append(all, classRequest{name.Text, name, number})
			case number.Value > all[i].number.Value:
				all[i].number = number
			}
		}
	}
	return all
}

// requestOfClass notes what a deployment requests of an extended resource, if a device class of the
// project defines it.
func (d *Deployment) requestOfClass(request classRequest) {
	class, ofClass := strings.CutPrefix(request.name, deviceClassPrefix)
	mention := reference{kind: deviceClassDefinition, name: class, node: request.node, devices: request.number}
	if !ofClass {
		mention.kind, mention.implied = extendedResource, true
	}
	d.refer(mention)
}

// classSums are the sums of what the containers of a pod request of extended resources.
type classSums []*classSum

type classSum struct {
	classRequest
	running, sidecars, starting tally
}

func (s *classSums) of(request classRequest) *classSum {
	for _, sum := range *s {
		if sum.name == request.name {
			return sum
		}
	}
	sum := &classSum{classRequest: request}
	*s = append(*s, sum)
	return sum
}

// state notes what the pod requests.
func (s classSums) state(d *Deployment) {
	for _, sum := range s {
		all := sum.running
		all.raise(sum.starting)
		sum.number = all.fact()
		d.requestOfClass(sum.classRequest)
	}
}
