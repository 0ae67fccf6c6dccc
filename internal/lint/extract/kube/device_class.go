package kube

import (
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/parser"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// DeviceClassPrefix and the name of a device class form the name of its implicit extended resource.
const DeviceClassPrefix = "deviceclass.resource.kubernetes.io/"

// deviceClass reads a device class whose devices come from drivers of GPU vendors. A device must
// match all of its selectors. Pods request the class by claims, by its implicit extended resource
// or by the extended resource that it names.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/device-class-v1/
func (r *ObjectReader) deviceClass(spec *source.Node) {
	device, location := r.classDevice(spec.Get("selectors"))
	define := func(kind read.PartKind, name *source.Node) {
		class := r.Part(kind, "the claims and containers that request its devices", &read.Draft{})
		class.Name, class.Device = r.Text(name).Value, device
		if device != read.NoDevice {
			class.Facts.Location = location
		}
	}
	define(read.DeviceClassDefinition, r.Root.At("metadata", "name"))
	if resource := spec.Get("extendedResourceName"); r.Text(resource).Known {
		define(read.ExtendedResource, resource)
	}
}

// classDevice returns the kind of the devices that match all selectors of a class.
func (r *ObjectReader) classDevice(selectors *source.Node) (device read.DeviceKind, location facts.Location) {
	partition := false
	for _, selector := range selectors.Items() {
		expression := r.Text(selector.At("cel", "expression"))
		if !expression.Known || len(expression.Value) > maxExpression {
			continue
		}
		selected := selectionOf(expression.Value)
		partition = partition || selected.partition
		if selected.drivers == nil || device != read.NoDevice {
			continue
		}
		if device = r.deviceOfDrivers(selected.drivers); device != read.NoDevice {
			location = facts.Because(r.MarkUsed(expression.Location.Node), "the class selects devices of the driver "+strings.Join(selected.drivers, " or "))
		}
	}
	if partition && device == read.GPUDevice {
		device = read.GPUShare
	}
	return device, location
}

// deviceOfDrivers returns the kind of the devices of drivers, if they all have the same kind.
func (r *ObjectReader) deviceOfDrivers(drivers []string) read.DeviceKind {
	var all read.DeviceKind
	for i, driver := range drivers {
		device, _ := r.DeviceOf(DeviceClassPrefix + driver)
		if i > 0 && device != all {
			return read.NoDevice
		}
		all = device
	}
	return all
}

// selection is the set of devices that a CEL expression selects.
type selection struct {
	drivers   []string // only devices of these drivers; nil where the drivers are not known
	partition bool     // only partitions of GPUs
}

// maxExpression is the limit of Kubernetes in bytes.
const maxExpression = 10 << 10

var celParser = sync.OnceValues(func() (*parser.Parser, error) { return parser.NewParser(parser.EnableOptionalSyntax(true)) })

// selectionOf evaluates the conditions on driver and type in an expression. Other conditions are
// ignored.
func selectionOf(expression string) selection {
	p, err := celParser()
	if err != nil {
		return selection{}
	}
	parsed, errs := p.Parse(common.NewTextSource(expression))
	if len(errs.GetErrors()) > 0 {
		return selection{}
	}
	return selectedBy(parsed.Expr())
}

func selectedBy(condition ast.Expr) selection {
	if condition.Kind() != ast.CallKind || len(condition.AsCall().Args()) != 2 {
		return selection{}
	}
	call := condition.AsCall()
	a, b := call.Args()[0], call.Args()[1]
	switch call.FunctionName() {
	case operators.LogicalOr:
		return selectedBy(a).or(selectedBy(b))
	case operators.LogicalAnd:
		return selectedBy(a).and(selectedBy(b))
	case operators.Equals:
		if _, literal := celText(a); literal {
			a, b = b, a
		}
		value, literal := celText(b)
		if !literal || a.Kind() != ast.SelectKind {
			return selection{}
		}
		if isDriver(a) {
			return selection{drivers: []string{value}}
		}
		// As in the selector of mig.nvidia.com, a class of NVIDIA's driver.
		return selection{partition: a.AsSelect().FieldName() == "type" && value == "mig"}
	case operators.In:
		return selection{drivers: driversIn(a, b)}
	}
	return selection{}
}

// or returns the devices that match either of two conditions.
func (s selection) or(other selection) selection {
	either := selection{partition: s.partition && other.partition}
	if s.drivers != nil && other.drivers != nil {
		either.drivers = slices.Clone(s.drivers)
		for _, driver := range other.drivers {
			if !slices.Contains(either.drivers, driver) {
				either.drivers = append(either.drivers, driver)
			}
		}
	}
	return either
}

// and returns the devices that match both conditions.
func (s selection) and(other selection) selection {
	both := selection{drivers: s.drivers, partition: s.partition || other.partition}
	if both.drivers == nil {
		both.drivers = other.drivers
	}
	return both
}

// isDriver reports whether an expression is device.driver.
func isDriver(expression ast.Expr) bool {
	if expression.Kind() != ast.SelectKind {
		return false
	}
	field := expression.AsSelect()
	return field.FieldName() == "driver" && field.Operand().Kind() == ast.IdentKind && field.Operand().AsIdent() == "device"
}

// driversIn returns the strings of a list in "device.driver in list", nil for other expressions.
func driversIn(of, list ast.Expr) []string {
	if !isDriver(of) || list.Kind() != ast.ListKind {
		return nil
	}
	var drivers []string
	for _, element := range list.AsList().Elements() {
		driver, literal := celText(element)
		if !literal {
			return nil
		}
		drivers = append(drivers, driver)
	}
	return drivers
}

// celText returns the value of a string literal.
func celText(expression ast.Expr) (value string, ok bool) {
	if expression.Kind() != ast.LiteralKind {
		return "", false
	}
	value, ok = expression.AsLiteral().Value().(string)
	return value, ok
}

// classRequest is a container's request for an extended resource that a device class may define.
type classRequest struct {
	name   string
	node   *source.Node
	number facts.Fact[float64]
}

// classRequests returns a container's requests for extended resources that DeviceTable lacks, each
// the larger of request and limit.
func (r *ObjectReader) classRequests(resources *source.Node) []classRequest {
	var all []classRequest
	for _, of := range []*source.Node{resources.Get("limits"), resources.Get("requests")} {
		for name, value := range of.Pairs() {
			if device, _ := r.DeviceOf(name.Text()); device != read.NoDevice || !strings.Contains(name.Text(), "/") || placeholder.InScalar(name, name.Text()) {
				continue
			}
			number := r.Again(func(n *source.Node) facts.Fact[float64] { return r.Device(n, read.NoDevice) }, value)
			if !number.Known || number.Value == 0 {
				continue
			}
			number.Location.Why = "the container requests the extended resource " + name.Text()
			i := slices.IndexFunc(all, func(known classRequest) bool { return known.name == name.Text() })
			switch {
			case i < 0:
				all = append(all, classRequest{name.Text(), name, number})
			case number.Value > all[i].number.Value:
				all[i].number = number
			}
		}
	}
	return all
}

// requestOfClass adds a request for an extended resource, which applies if a device class of the
// project defines the resource.
func requestOfClass(d *read.Draft, request classRequest) {
	class, ofClass := strings.CutPrefix(request.name, DeviceClassPrefix)
	reference := read.Reference{Kind: read.DeviceClassDefinition, Name: class, Node: request.node, Devices: request.number}
	if !ofClass {
		reference.Kind, reference.Implied = read.ExtendedResource, true
	}
	d.Refer(reference)
}

// classSums are the sums over the containers of a pod, one for each extended resource.
type classSums []*classSum

type classSum struct {
	classRequest
	running, sidecars, starting read.Sum
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

// state adds the sums to the deployment.
func (s classSums) state(d *read.Draft) {
	for _, sum := range s {
		all := sum.running
		all.Raise(sum.starting)
		sum.number = all.Fact()
		requestOfClass(d, sum.classRequest)
	}
}
