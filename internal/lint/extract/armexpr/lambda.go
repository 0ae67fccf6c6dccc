package armexpr

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// local is a variable of a lambda.
type local struct {
	name  string
	value *source.Node
	outer *local
}

// lambdaVariable returns the value of a variable of a lambda around the expression.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-lambda
func (t *Evaluator) lambdaVariable(arguments []*expression, env Env) *source.Node {
	if len(arguments) != 1 || arguments[0].kind != textExpression {
		return nil
	}
	for l := env.locals; l != nil; l = l.outer {
		if l.name == arguments[0].text {
			return l.value
		}
	}
	return nil
}

// lambda is a function that an expression defines.
type lambda struct {
	names []string
	body  *expression
	env   Env
}

// lambdaOf returns the lambda of an expression with at least a number of variables; ok is false for any other expression.
func lambdaOf(x *expression, least int, env Env) (l lambda, ok bool) {
	if x.kind != callExpression || x.text != "lambda" || len(x.arguments) <= least {
		return lambda{}, false
	}
	last := len(x.arguments) - 1
	for _, name := range x.arguments[:last] {
		if name.kind != textExpression {
			return lambda{}, false
		}
		l.names = append(l.names, name.text)
	}
	l.body, l.env = x.arguments[last], env
	return l, true
}

// apply returns the value of a lambda, nil or an unknown value when it cannot be evaluated. Variables without a value are unknown.
func (t *Evaluator) apply(l lambda, values ...*source.Node) *source.Node {
	env := l.env
	for i, name := range l.names {
		var value *source.Node
		if i < len(values) {
			value = values[i]
		}
		env.locals = &local{name, value, env.locals}
	}
	return t.value(l.body, env)
}

// overItems evaluates a function of a list and lambdas.
func (t *Evaluator) overItems(name string, arguments []*expression, env Env) *source.Node {
	if len(arguments) < 2 {
		return nil
	}
	list := t.value(arguments[0], env)
	if !t.known(list) {
		return nil
	}
	if name == "reduce" {
		return t.reduce(list, arguments[1:], env)
	}
	first, ok := lambdaOf(arguments[1], 1, env)
	switch {
	case !ok:
	case name == "mapvalues":
		return t.mapValues(list, first, env)
	case list.Kind != source.Sequence:
	case name == "map":
		return t.mapItems(list, first, env)
	case name == "filter":
		return t.filter(list, first, env)
	case name == "groupby":
		return t.groupBy(list, first, env)
	case name == "toobject":
		return t.toObject(list, first, arguments[2:], env)
	}
	return nil
}

// index returns the index of an item as the value of a lambda's second variable.
func (t *Evaluator) index(l lambda, i int, env Env) *source.Node {
	if len(l.names) < 2 {
		return nil
	}
	return t.integer(env, int64(i))
}

func (t *Evaluator) mapItems(list *source.Node, each lambda, env Env) *source.Node {
	items := make([]*source.Node, 0, len(list.Items()))
	for i, item := range list.Items() {
		if !t.spend(1) {
			return nil
		}
		value := t.apply(each, item, t.index(each, i, env))
		if value == nil {
			value = t.unknown(env, "")
		}
		items = append(items, value)
	}
	return t.construct(env, source.Content{Kind: source.Sequence, Items: items}, list)
}

// filter returns the items for which the lambda is true, nil if one is not known.
func (t *Evaluator) filter(list *source.Node, keep lambda, env Env) *source.Node {
	var items []*source.Node
	for i, item := range list.Items() {
		kept, known := t.apply(keep, item, t.index(keep, i, env)).Bool()
		if !known || !t.spend(1) {
			return nil
		}
		if kept {
			items = append(items, item)
		}
	}
	return t.construct(env, source.Content{Kind: source.Sequence, Items: items}, list)
}

// toObject constructs a mapping with a member for each item of a list.
func (t *Evaluator) toObject(list *source.Node, key lambda, rest []*expression, env Env) *source.Node {
	value, hasValue := lambda{}, len(rest) > 0
	if hasValue {
		var ok bool
		if value, ok = lambdaOf(rest[0], 1, env); !ok {
			return nil
		}
	}
	var values []*source.Node
	for _, item := range list.Items() {
		name, of := t.apply(key, item), item
		if hasValue {
			of = t.apply(value, item)
		}
		if of == nil {
			of = t.unknown(env, "")
		}
		if !t.known(name) || !t.spend(1) {
			return nil
		}
		values = append(values, name, of)
	}
	return t.createObject(values, env)
}

// groupBy constructs a mapping of lists of the items with the same key, in the order of the keys' first items.
func (t *Evaluator) groupBy(list *source.Node, key lambda, env Env) *source.Node {
	var names []*source.Node
	groups := map[string][]*source.Node{}
	for _, item := range list.Items() {
		name := t.apply(key, item)
		if !t.known(name) || !texts(name) || !t.spend(1) {
			return nil
		}
		if groups[name.Text()] == nil {
			names = append(names, name)
		}
		groups[name.Text()] = append(groups[name.Text()], item)
	}
	var values []*source.Node
	for _, name := range names {
		group := t.construct(env, source.Content{Kind: source.Sequence, Items: groups[name.Text()]}, list)
		if group == nil {
			return nil
		}
		values = append(values, name, group)
	}
	return t.createObject(values, env)
}

// mapValues constructs a mapping with the same keys.
func (t *Evaluator) mapValues(object *source.Node, each lambda, env Env) *source.Node {
	if object.Kind != source.Mapping {
		return nil
	}
	var members []source.Member
	for _, member := range object.Members() {
		value := t.apply(each, member.Value)
		if value == nil {
			value = t.unknown(env, "")
		}
		if !t.spend(1) {
			return nil
		}
		members = append(members, source.Member{Key: member.Key, Value: value})
	}
	return t.construct(env, source.Content{Kind: source.Mapping, Members: members}, object)
}

// reduce combines the items of a list, in order, with a value.
func (t *Evaluator) reduce(list *source.Node, arguments []*expression, env Env) *source.Node {
	if list.Kind != source.Sequence || len(arguments) != 2 {
		return nil
	}
	combine, ok := lambdaOf(arguments[1], 2, env)
	value := t.value(arguments[0], env)
	if !ok {
		return nil
	}
	for _, item := range list.Items() {
		if !t.known(value) || !t.spend(1) {
			return nil
		}
		value = t.apply(combine, value, item)
	}
	return value
}
