package kuberun

import (
	"math"
	"regexp"
	"strconv"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Spark are the applications of Kubeflow's Spark operator: the driver and the executors are one deployment each.
// https://www.kubeflow.org/docs/components/spark-operator/
var Spark = read.Format{
	Name:      "spark-application",
	Title:     "SparkApplication and ScheduledSparkApplication: the driver and the executors",
	Signs:     "`apiVersion` of `sparkoperator.k8s.io`, and the `kind`",
	Reference: "https://www.kubeflow.org/docs/components/spark-operator/",
	Marks:     [][]string{{"SparkApplication"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"SparkApplication":          read.Under(sparkShape, "spec"),
		"ScheduledSparkApplication": read.Under(sparkShape, "spec", "template"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "sparkoperator.k8s.io" && (kind == "SparkApplication" || kind == "ScheduledSparkApplication") && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *runReader) {
		application := r.Root.Get("spec")
		if r.Identity().Kind == "ScheduledSparkApplication" {
			application = application.Get("template")
		}
		for _, role := range []string{"driver", "executor"} {
			if pod := application.Get(role); !pod.IsNull() {
				r.sparkPod(role, application, pod)
			}
		}
		r.OneCluster()
	}),
}

var (
	sparkPodShape = read.MappingOf(map[string]*read.Shape{
		"gpu": read.MappingShape, "template": read.PodTemplateShape, "sidecars": read.ListOf(read.ContainerShape),
		"labels": read.MapOf(read.ScalarShape), "annotations": read.MappingShape,
	}).With(read.SchedulingFields)
	sparkShape = read.MappingOf(map[string]*read.Shape{
		"driver": sparkPodShape, "executor": sparkPodShape, "sparkConf": read.MappingShape, "dynamicAllocation": read.MappingShape,
	})
)

// sparkPod adds the pods of a role. Spark adds an overhead to the memory of its process, so that the memory is a lower bound.
func (r *runReader) sparkPod(role string, application, pod *source.Node) {
	d := r.Object(pod)
	d.Component = facts.Know(role, facts.Location{Node: pod})
	r.Metadata(d, pod) // has labels and annotations
	template := pod.Get("template")
	r.Metadata(d, template.Get("metadata"))

	image := pod.Get("image")
	if image.IsNull() {
		image = application.Get("image")
	}
	d.Image(image)
	var sum kube.PodSum
	a := kube.ResourceRequest{CPU: read.Either(pod.Get("coreRequest"), pod.Get("cores"), r.Quantity)}
	if memory := r.sparkMemory(pod.Get("memory")); memory.Known {
		memory.AtLeast, memory.Location.Why = true, read.AtLeast+"Spark adds an overhead to the memory of its process"
		a.Memory = memory
	}
	a.GPUs, a.FPGAs = r.sparkDevices(role, application, pod)
	sum.Container(a)
	for _, sidecar := range pod.Get("sidecars").Items() {
		sum.Container(r.Container(d, sidecar))
	}
	sum.State(d)
	if role == "executor" {
		r.executors(d, application, pod)
	}

	var s scheduling.Pods
	s.Pod(template.Get("spec"))
	s.Pod(pod)
	if pod.Get("nodeSelector").IsNull() {
		s.Selector(application.Get("nodeSelector"))
	}
	r.RunsIn(d, s, pod)
}

// executors sets the number of executors.
func (r *runReader) executors(d *read.Draft, application, executor *source.Node) {
	d.Replicas = r.Count(executor.Get("instances"))
	scaling := application.Get("dynamicAllocation")
	if on := r.Boolean(scaling.Get("enabled")); on.Value {
		kube.Autoscale(d, on.Location, r.Count(scaling.Get("minExecutors")), r.Count(scaling.Get("maxExecutors")))
	}
}

// sparkDevices returns the devices of a role: its own, else those of Spark's configuration.
func (r *runReader) sparkDevices(role string, application, pod *source.Node) (gpus, fpgas facts.Fact[float64]) {
	number, name := pod.At("gpu", "quantity"), pod.At("gpu", "name")
	resource := r.Text(name).Value
	if number.IsNull() {
		conf := application.Get("sparkConf")
		number = conf.Get("spark." + role + ".resource.gpu.amount")
		resource = r.Text(conf.Get("spark."+role+".resource.gpu.vendor")).Value + "/gpu"
	}
	switch device, _ := r.DeviceOf(resource); device {
	case read.NoDevice:
		return gpus, fpgas
	case read.FPGADevice:
		return gpus, r.Device(number, device)
	default:
		return r.Device(number, device), fpgas
	}
}

// sparkAmount matches an amount of memory as the JVM writes it.
var sparkAmount = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d{1,12})([kmgtp]?)b?$`) })

// sparkMemory reads an amount of memory as the JVM writes it, in GiB: 512m are mebibytes, and a number alone is too.
func (r *runReader) sparkMemory(n *source.Node) facts.Fact[float64] {
	amount := sparkAmount().FindStringSubmatch(read.LowerScalar(n))
	if amount == nil {
		return facts.Fact[float64]{}
	}
	value, err := strconv.ParseFloat(amount[1], 64)
	if err != nil || value == 0 {
		return facts.Fact[float64]{}
	}
	exponents := map[string]int{"k": -20, "": -10, "m": -10, "g": 0, "t": 10, "p": 20}
	return facts.Know(math.Ldexp(value, exponents[amount[2]]), r.MarkUsed(n))
}
