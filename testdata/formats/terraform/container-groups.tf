resource "azurerm_container_group" "plain" {
  name                = "churn-scoring"
  location            = azurerm_resource_group.ml.location
  resource_group_name = azurerm_resource_group.ml.name
  os_type             = "Linux"

  container {
    name   = "score"
    image  = "registry.example.com/score:3"
    cpu    = "2"
    memory = "48.0"
    gpu {
      count = 1
      sku   = "V100"
    }
  }
  container {
    name   = "proxy"
    image  = "registry.example.com/proxy:${var.proxy}"
    cpu    = 0.5
    memory = 0.5
  }
  init_container {
    name  = "fetch"
    image = "registry.example.com/fetch:1"
  }
  tags = {
    "mlpolicy.dev:workload" = "web-service"
    team                    = var.team
  }
}

resource "azurerm_container_group" "beside_dynamic" {
  name = "lower-bound"
  container {
    name   = "score"
    image  = "registry.example.com/score:3"
    cpu    = 1
    memory = 8
    gpu {
      count = 1
    }
  }
  dynamic "container" {
    for_each = var.sidecars
    content {
      name   = container.value.name
      image  = container.value.image
      cpu    = 1
      memory = container.value.memory
    }
  }
}

resource "azurerm_container_group" "dynamic_only" {
  name = "nothing-known"
  dynamic "container" {
    for_each = ["a", "b"]
    content {
      name   = container.value
      image  = "registry.example.com/score:3"
      cpu    = 1
      memory = 64
    }
  }
}

resource "azurerm_container_group" "empty_dynamic" {
  name = "exact"
  container {
    name   = "score"
    image  = "registry.example.com/score:3"
    cpu    = 1
    memory = 8
    dynamic "gpu" {
      for_each = toset([])
      content {
        count = 4
      }
    }
  }
  dynamic "container" {
    for_each = {}
    content {
      name = "never"
    }
  }
}

resource "azurerm_container_group" "gpu_by_dynamic_block" {
  name = "gpu-unknown"
  container {
    name   = "score"
    image  = "registry.example.com/score:3"
    cpu    = var.cpu
    memory = 8
    dynamic "gpu" {
      for_each = var.gpu ? [1] : []
      content {
        count = 1
      }
    }
  }
}

variable "proxy" {}
variable "team" {}
variable "sidecars" {}
variable "cpu" {}
variable "gpu" {}
