resource "azapi_resource" "endpoint" {
  type      = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints@${var.api}"
  name      = "churn"
  parent_id = azurerm_machine_learning_workspace.ml.id
  body      = { properties = { authMode = "Key" } }
}

resource "azapi_resource" "blue" {
  type      = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments@2024-04-01"
  name      = "blue"
  parent_id = azapi_resource.endpoint.id
  location  = var.location
  body = jsonencode({
    sku = { name = "Default", capacity = var.capacity }
    properties = {
      endpointComputeType = "Managed"
      instanceType        = var.size
      model               = azapi_resource.model.id
      requestSettings     = { maxConcurrentRequestsPerInstance = var.unknown }
    }
  })
}

resource "azapi_resource" "group" {
  type = "Microsoft.ContainerInstance/containerGroups@2023-05-01"
  name = "group"
  body = {
    properties = {
      osType = "Linux"
      containers = concat([
        { name = "a", properties = { image = "acme/a:1", resources = { requests = { cpu = 1, memoryInGB = 16 } } } },
        { name = "b", properties = { image = "acme/b:1", resources = { requests = { cpu = 1, memoryInGB = var.unknown } } } },
      ], var.unknown)
    }
  }
}

resource "azapi_resource" "attached" {
  type = "Microsoft.MachineLearningServices/workspaces/computes@2024-04-01"
  name = "attached"
  body = {
    properties = merge({ computeType = "AKS" }, { resourceId = azurerm_kubernetes_cluster.aks.id })
  }
}

resource "azapi_resource" "compute" {
  type = "Microsoft.MachineLearningServices/workspaces/computes@2024-04-01"
  name = "compute"
  body = {
    properties = {
      computeType = "AmlCompute"
      properties = {
        vmSize        = var.large ? "Standard_NC24s_v3" : "Standard_NC6s_v3"
        vmPriority    = "Dedicated"
        scaleSettings = var.unknown ? { minNodeCount = 0, maxNodeCount = 1 } : { minNodeCount = 0, maxNodeCount = 8 }
      }
    }
  }
}

variable "api" {}
variable "location" {}
variable "unknown" {}
variable "capacity" { default = 2 }
variable "size" { default = "Standard_NC6s_v3" }
variable "large" { default = true }
