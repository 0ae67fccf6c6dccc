package kube

import (
	_ "embed"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// modelServerTable lists the images of model servers: those that serve models over HTTP or gRPC as
// soon as they run.
//
//go:embed model_servers.tsv
var modelServerTable string

// ModelServers returns the rows of modelServerTable.
var ModelServers = sync.OnceValue(func() []read.ModelServer {
	list := func(cell string) []string {
		return strings.FieldsFunc(cell, func(c rune) bool { return c == ';' })
	}
	var servers []read.ModelServer
	for row := range read.Rows(modelServerTable) {
		servers = append(servers, read.ModelServer{Repository: row[0], Start: list(row[1]), ExcludedTags: list(row[2])})
	}
	return servers
})

// ModelServer makes a deployment a web service if one of its main containers runs a model server.
// Call it only for kinds that keep their pods running.
func (r *ObjectReader) ModelServer(d *read.Draft, containers []*source.Node) {
	if d.Workload.Known || r.Lists.NoModelServers {
		return
	}
	for _, container := range containers {
		image := container.Get("image")
		if server := r.serverOf(image); server != nil && runs(server, container) {
			why := "the image of this repository is a model server"
			if server.Why != "" {
				why = server.Why
			}
			d.Workload, d.Labelled = facts.Know(facts.WebService, facts.Because(r.MarkUsed(image), why)), image
			return
		}
	}
}

// serverOf returns the model server in an image, nil for any other image. Placeholders may stand
// before the components that decide, such as for the registry.
func (r *ObjectReader) serverOf(image *source.Node) *read.ModelServer {
	text, ok := image.Scalar()
	if !ok {
		return nil
	}
	text, _, _ = strings.Cut(strings.TrimSpace(text), "@")
	repository, tag := text, ""
	name := strings.LastIndexByte(text, '/') + 1
	if colon := strings.IndexByte(text[name:], ':'); colon >= 0 {
		repository, tag = text[:name+colon], text[name+colon+1:]
	}
	for _, servers := range [][]read.ModelServer{ModelServers(), r.Lists.ModelServers} {
		for i := range servers {
			server := &servers[i]
			if !r.endsIn(repository, server.Repository) {
				continue
			}
			excluded := func(pattern string) bool {
				match, _ := path.Match(pattern, tag)
				return match || r.HasPlaceholder(tag) || placeholder.IsTemplate(image) && strings.Contains(tag, "{")
			}
			if !slices.ContainsFunc(server.ExcludedTags, excluded) {
				return server
			}
		}
	}
	return nil
}

// endsIn reports whether the last components of a repository match those of an entry and contain no
// placeholder.
func (r *ObjectReader) endsIn(repository, entry string) bool {
	for entry != "" {
		if repository == "" {
			return false
		}
		var component, pattern string
		repository, component = lastComponent(repository)
		entry, pattern = lastComponent(entry)
		if match, _ := path.Match(pattern, component); !match || !imageComponent().MatchString(component) || r.HasPlaceholder(component) {
			return false
		}
	}
	return true
}

// imageComponent matches a component of a repository.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
var imageComponent = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*$`)
})

func lastComponent(repository string) (before, last string) {
	slash := strings.LastIndexByte(repository, '/')
	return repository[:max(slash, 0)], repository[slash+1:]
}

// runs reports whether a container starts the server of its image. It does so without a command, or
// if a command in its command and arguments starts the server.
func runs(s *read.ModelServer, container *source.Node) bool {
	command := container.Get("command")
	if command.IsNull() || command.Kind == source.Sequence && len(command.Items()) == 0 {
		return true
	}
	var items []string
	for _, list := range []*source.Node{command, container.Get("args")} {
		for _, item := range append(list.Items(), list) {
			if text, ok := item.Scalar(); ok {
				items = append(items, text)
			}
		}
	}
	return slices.ContainsFunc(commandsOf(items), func(words []string) bool {
		return slices.ContainsFunc(s.Start, func(start string) bool { return starts(words, strings.Fields(start)) })
	})
}

// ServesByImage reports whether a model server image makes an object of a kind a web service. That
// requires a controller that keeps the pods running; a job may run the same images.
func ServesByImage(group, kind string, restartPolicy *source.Node) bool {
	switch {
	case group == "apps" || group == "extensions":
		return kind == "Deployment" || kind == "StatefulSet" || kind == "ReplicaSet"
	case group == "apps.openshift.io":
		return kind == "DeploymentConfig"
	case group == "" && kind == "Pod":
		return restartPolicy.IsNull() || restartPolicy.Is("Always")
	}
	return group == "leaderworkerset.x-k8s.io" && kind == "LeaderWorkerSet"
}
