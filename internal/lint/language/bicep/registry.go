package bicep

// registered is a module of the public registry.
type registered struct{}

func registryModule(string) *registered { return nil }

func (e *emitter) registered(*declaration, *registered, scope) {}
