// A Vulkan layer that stands between a program and a driver whose GPU is not there: Mesa's RADV on its null device, or Mesa's
// ANV on a kernel interface that does nothing. Both compile shaders with their real compilers and can run nothing, so the layer
//   1. claims memory that does not exist, and gives host memory to whoever maps it;
//   2. does nothing where commands are recorded, submitted and waited for, so that every result is zero, at once;
//   3. asks for the statistics and the machine code of every compute pipeline (VK_KHR_pipeline_executable_properties), and writes
//      them to $WGRAD_ISA_OUT/<n>.stats, <n>.asm and <n>.spv; n counts from 1.
// $WGRAD_ISA_SUBGROUP: 0 leaves the size of subgroups to the driver where the program asks for one, N asks for N instead.
// One instance and one device per process.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_layer.h>

#define EXPORT __attribute__((visibility("default")))
#define DRIVER(name) ((PFN_##name)device_proc(device, #name))

static PFN_vkGetInstanceProcAddr instance_proc;
static PFN_vkGetDeviceProcAddr device_proc;
static VkInstance instance;
static VkDevice device;

static void *in_chain(const void *chain, VkStructureType type) {
  VkBaseOutStructure *s = (VkBaseOutStructure *)chain;
  while (s && s->sType != type) s = s->pNext;
  return s;
}

// ---- 1. memory: two heaps, and the four types that a discrete GPU has --------------------------------------------------------

static const VkMemoryPropertyFlags LOCAL = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
static const VkMemoryPropertyFlags MAPPED = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
static const VkDeviceSize GIB = 1ull << 30;
enum { TYPES = 4, EVERY_TYPE = (1 << TYPES) - 1 };

static void VKAPI_CALL memory_properties(VkPhysicalDevice gpu, VkPhysicalDeviceMemoryProperties *m) {
  const VkMemoryPropertyFlags flags[TYPES] = {LOCAL, MAPPED, LOCAL | MAPPED, MAPPED | VK_MEMORY_PROPERTY_HOST_CACHED_BIT};
  *m = (VkPhysicalDeviceMemoryProperties){.memoryTypeCount = TYPES, .memoryHeapCount = 2};
  m->memoryHeaps[0] = (VkMemoryHeap){24 * GIB, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
  m->memoryHeaps[1] = (VkMemoryHeap){16 * GIB, 0};
  for (int i = 0; i < TYPES; i++) m->memoryTypes[i] = (VkMemoryType){flags[i], flags[i] & LOCAL ? 0 : 1};
}

static void VKAPI_CALL memory_properties2(VkPhysicalDevice gpu, VkPhysicalDeviceMemoryProperties2 *m) {
  memory_properties(gpu, &m->memoryProperties);
  VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget =
      in_chain(m->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
  for (uint32_t i = 0; budget && i < m->memoryProperties.memoryHeapCount; i++) {
    budget->heapBudget[i] = m->memoryProperties.memoryHeaps[i].size;
    budget->heapUsage[i] = 0;
  }
}

typedef struct {
  VkDeviceSize bytes;
  void *data; // there once it is mapped
} Memory;

static VkResult VKAPI_CALL allocate_memory(VkDevice d, const VkMemoryAllocateInfo *info, const void *a, VkDeviceMemory *out) {
  Memory *memory = calloc(1, sizeof *memory);
  memory->bytes = info->allocationSize;
  *out = (VkDeviceMemory)memory;
  return VK_SUCCESS;
}

static void VKAPI_CALL free_memory(VkDevice d, VkDeviceMemory handle, const void *a) {
  Memory *memory = (Memory *)handle;
  if (memory) free(memory->data);
  free(memory);
}

static VkResult VKAPI_CALL map_memory(VkDevice d, VkDeviceMemory handle, VkDeviceSize at, VkDeviceSize n, VkFlags f, void **out) {
  Memory *memory = (Memory *)handle;
  if (!memory->data) memory->data = calloc(1, memory->bytes);
  *out = (char *)memory->data + at;
  return memory->data ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

#define REQUIREMENTS(function, name, info, result, bits)                     \
  static void VKAPI_CALL function(VkDevice d, info, result *needs) { \
    DRIVER(name)(d, what, needs);                                            \
    needs->bits = EVERY_TYPE;                                                \
  }
REQUIREMENTS(buffer_needs, vkGetBufferMemoryRequirements, VkBuffer what, VkMemoryRequirements, memoryTypeBits)
REQUIREMENTS(image_needs, vkGetImageMemoryRequirements, VkImage what, VkMemoryRequirements, memoryTypeBits)
REQUIREMENTS(buffer_needs2, vkGetBufferMemoryRequirements2, const VkBufferMemoryRequirementsInfo2 *what, VkMemoryRequirements2,
             memoryRequirements.memoryTypeBits)
REQUIREMENTS(image_needs2, vkGetImageMemoryRequirements2, const VkImageMemoryRequirementsInfo2 *what, VkMemoryRequirements2,
             memoryRequirements.memoryTypeBits)

static uint64_t VKAPI_CALL buffer_address(void) { return 4 * GIB; }

// ---- 2. commands -------------------------------------------------------------------------------------------------------------

static VkResult VKAPI_CALL nothing(void) { return VK_SUCCESS; }

static uint64_t new_handle(void) {
  static uint64_t last = 0x1000;
  return last += 16;
}

static VkResult VKAPI_CALL create_any(VkDevice d, const void *info, const void *a, uint64_t *out) {
  *out = new_handle();
  return VK_SUCCESS;
}

static VkResult VKAPI_CALL allocate_sets(VkDevice d, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *out) {
  for (uint32_t i = 0; i < info->descriptorSetCount; i++) out[i] = (VkDescriptorSet)new_handle();
  return VK_SUCCESS;
}

static VkResult VKAPI_CALL semaphore_value(VkDevice d, VkSemaphore s, uint64_t *value) {
  *value = UINT64_MAX >> 2; // whatever is waited for is over
  return VK_SUCCESS;
}

static VkResult VKAPI_CALL query_results(VkDevice d, VkQueryPool p, uint32_t first, uint32_t n, size_t bytes, void *out) {
  memset(out, 0, bytes);
  return VK_SUCCESS;
}

// ---- 3. what became of a pipeline --------------------------------------------------------------------------------------------

static FILE *open_numbered(int number, const char *suffix) {
  char path[4096];
  const char *folder = getenv("WGRAD_ISA_OUT");
  if (!folder) return 0;
  snprintf(path, sizeof path, "%s/%d.%s", folder, number, suffix);
  return fopen(path, "wb");
}

static void write_statistics(FILE *file, const VkPipelineExecutableInfoKHR *part) {
  VkPipelineExecutableStatisticKHR s[64];
  uint32_t n = 64;
  for (int i = 0; i < 64; i++) s[i] = (VkPipelineExecutableStatisticKHR){VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR};
  DRIVER(vkGetPipelineExecutableStatisticsKHR)(device, part, &n, s);
  for (uint32_t i = 0; i < n; i++) {
    if (s[i].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR) fprintf(file, "%s\t%g\n", s[i].name, s[i].value.f64);
    else fprintf(file, "%s\t%llu\n", s[i].name, (unsigned long long)s[i].value.u64);
  }
}

static void write_code(int number, const VkPipelineExecutableInfoKHR *part) {
  VkPipelineExecutableInternalRepresentationKHR r[8];
  uint32_t n = 8;
  for (int i = 0; i < 8; i++)
    r[i] = (VkPipelineExecutableInternalRepresentationKHR){VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR};
  DRIVER(vkGetPipelineExecutableInternalRepresentationsKHR)(device, part, &n, r); // sizes
  for (uint32_t i = 0; i < n; i++) r[i].pData = calloc(1, r[i].dataSize + 1);
  DRIVER(vkGetPipelineExecutableInternalRepresentationsKHR)(device, part, &n, r);
  for (uint32_t i = 0; i < n; i++) {
    FILE *file = strstr(r[i].name, "ssembly") ? open_numbered(number, "asm") : 0;
    if (file) fputs(r[i].pData, file), fclose(file);
    free(r[i].pData);
  }
}

static void report(VkPipeline pipeline, const VkShaderModuleCreateInfo *spirv) {
  static int number;
  const VkPipelineInfoKHR whole = {VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, 0, pipeline};
  VkPipelineExecutablePropertiesKHR part = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR};
  uint32_t n = 1; // a compute pipeline has one part
  DRIVER(vkGetPipelineExecutablePropertiesKHR)(device, &whole, &n, &part);
  FILE *file = open_numbered(++number, "spv");
  if (file && spirv) fwrite(spirv->pCode, 1, spirv->codeSize, file);
  if (file) fclose(file);
  const VkPipelineExecutableInfoKHR info = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, 0, pipeline, 0};
  write_code(number, &info);
  file = open_numbered(number, "stats"); // last: whoever sees it finds the others
  if (!file) return;
  fprintf(file, "subgroup\t%u\n", part.subgroupSize);
  write_statistics(file, &info);
  fclose(file);
}

// The module made last, which Dawn makes right before its pipeline.
static VkShaderModule last_module;
static VkShaderModuleCreateInfo last_code;

static VkResult VKAPI_CALL create_module(VkDevice d, const VkShaderModuleCreateInfo *info, const VkAllocationCallbacks *a,
                                         VkShaderModule *out) {
  VkResult result = DRIVER(vkCreateShaderModule)(d, info, a, out);
  free((void *)last_code.pCode);
  last_module = *out;
  last_code = *info;
  last_code.pCode = memcpy(malloc(info->codeSize), info->pCode, info->codeSize);
  return result;
}

static void choose_subgroup(VkPipelineShaderStageCreateInfo *stage) {
  const char *wanted = getenv("WGRAD_ISA_SUBGROUP");
  VkPipelineShaderStageRequiredSubgroupSizeCreateInfo *asked =
      in_chain(stage->pNext, VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO);
  if (!asked || !wanted || !*wanted) return;
  if (atoi(wanted) > 0) asked->requiredSubgroupSize = atoi(wanted);
  else if (stage->pNext == asked) stage->pNext = asked->pNext;
}

static VkResult VKAPI_CALL create_pipelines(VkDevice d, VkPipelineCache cache, uint32_t n, const VkComputePipelineCreateInfo *info,
                                            const VkAllocationCallbacks *a, VkPipeline *out) {
  VkResult worst = VK_SUCCESS;
  for (uint32_t i = 0; i < n; i++) {
    VkComputePipelineCreateInfo asked = info[i];
    asked.flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
    choose_subgroup(&asked.stage);
    const VkResult result = DRIVER(vkCreateComputePipelines)(d, VK_NULL_HANDLE, 1, &asked, a, &out[i]);
    if (result != VK_SUCCESS) worst = result;
    else if (asked.stage.module == VK_NULL_HANDLE)
      report(out[i], in_chain(asked.stage.pNext, VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO));
    else report(out[i], asked.stage.module == last_module ? &last_code : 0);
  }
  return worst;
}

// ---- the loader's side -------------------------------------------------------------------------------------------------------

static VkLayerInstanceLink *next_layer(const void *chain, VkStructureType type) {
  VkLayerInstanceCreateInfo *link = in_chain(chain, type);
  while (link && link->function != VK_LAYER_LINK_INFO) link = in_chain(link->pNext, type);
  if (!link) return 0;
  VkLayerInstanceLink *next = link->u.pLayerInfo;
  link->u.pLayerInfo = next->pNext;
  return next;
}

static VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *a, VkInstance *out) {
  VkLayerInstanceLink *next = next_layer(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
  if (!next) return VK_ERROR_INITIALIZATION_FAILED;
  instance_proc = next->pfnNextGetInstanceProcAddr;
  const VkResult result = ((PFN_vkCreateInstance)instance_proc(0, "vkCreateInstance"))(info, a, out);
  instance = *out;
  return result;
}

static VkResult VKAPI_CALL create_device(VkPhysicalDevice gpu, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *a,
                                         VkDevice *out) {
  VkLayerDeviceLink *next = (void *)next_layer(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
  if (!next) return VK_ERROR_INITIALIZATION_FAILED;
  device_proc = next->pfnNextGetDeviceProcAddr;
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR feature = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, (void *)info->pNext, VK_TRUE};
  const uint32_t n = info->enabledExtensionCount;
  const char **names = malloc((n + 1) * sizeof *names);
  memcpy(names, info->ppEnabledExtensionNames, n * sizeof *names);
  names[n] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
  VkDeviceCreateInfo more = *info;
  more.pNext = &feature;
  more.enabledExtensionCount = n + 1;
  more.ppEnabledExtensionNames = names;
  const VkResult result =
      ((PFN_vkCreateDevice)next->pfnNextGetInstanceProcAddr(instance, "vkCreateDevice"))(gpu, &more, a, out);
  device = *out;
  free(names);
  return result;
}

EXPORT PFN_vkVoidFunction VKAPI_CALL isa_GetDeviceProcAddr(VkDevice d, const char *name);
EXPORT PFN_vkVoidFunction VKAPI_CALL isa_GetInstanceProcAddr(VkInstance i, const char *name);

typedef struct {
  const char *name;
  void *function;
} Own;

static const Own OWN[] = {
    {"vkGetInstanceProcAddr", isa_GetInstanceProcAddr}, {"vkGetDeviceProcAddr", isa_GetDeviceProcAddr},
    {"vkCreateInstance", create_instance}, {"vkCreateDevice", create_device},
    {"vkGetPhysicalDeviceMemoryProperties", memory_properties}, {"vkGetPhysicalDeviceMemoryProperties2", memory_properties2},
    {"vkAllocateMemory", allocate_memory}, {"vkFreeMemory", free_memory}, {"vkMapMemory", map_memory},
    {"vkGetBufferMemoryRequirements", buffer_needs}, {"vkGetBufferMemoryRequirements2", buffer_needs2},
    {"vkGetImageMemoryRequirements", image_needs}, {"vkGetImageMemoryRequirements2", image_needs2},
    {"vkGetBufferDeviceAddress", buffer_address}, {"vkCreateFence", create_any}, {"vkCreateSemaphore", create_any},
    {"vkCreateQueryPool", create_any}, {"vkCreateDescriptorPool", create_any}, {"vkAllocateDescriptorSets", allocate_sets},
    {"vkGetSemaphoreCounterValue", semaphore_value}, {"vkGetQueryPoolResults", query_results},
    {"vkCreateShaderModule", create_module}, {"vkCreateComputePipelines", create_pipelines},
};

// Functions on what was not really made, or that would wait for it; all of vkCmd* besides.
static const char *const NOTHING[] = {
    "vkUnmapMemory", "vkFlushMappedMemoryRanges", "vkInvalidateMappedMemoryRanges", "vkBindBufferMemory", "vkBindBufferMemory2",
    "vkBindImageMemory", "vkBindImageMemory2", "vkBeginCommandBuffer", "vkEndCommandBuffer", "vkResetCommandBuffer",
    "vkResetCommandPool", "vkDestroyCommandPool", "vkFreeCommandBuffers", "vkQueueSubmit", "vkQueueSubmit2", "vkQueueWaitIdle",
    "vkDeviceWaitIdle", "vkWaitForFences", "vkGetFenceStatus", "vkResetFences", "vkWaitSemaphores", "vkDestroyFence",
    "vkDestroySemaphore", "vkDestroyQueryPool", "vkResetQueryPool", "vkDestroyDescriptorPool", "vkResetDescriptorPool",
    "vkFreeDescriptorSets", "vkUpdateDescriptorSets", "vkUpdateDescriptorSetWithTemplate", "vkDestroyPipeline", "vkDestroyDevice",
};

// Whether `name` is `core`, or what extensions called it before it came into the core.
static int is_named(const char *name, const char *core) {
  const size_t n = strlen(core);
  if (strncmp(name, core, n)) return 0;
  return !name[n] || !strcmp(name + n, "KHR") || !strcmp(name + n, "EXT");
}

static void *own_function(const char *name) {
  if (!strncmp(name, "vkCmd", 5)) return nothing;
  for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) if (is_named(name, OWN[i].name)) return OWN[i].function;
  for (size_t i = 0; i < sizeof NOTHING / sizeof *NOTHING; i++) if (is_named(name, NOTHING[i])) return nothing;
  return 0;
}

PFN_vkVoidFunction VKAPI_CALL isa_GetDeviceProcAddr(VkDevice d, const char *name) {
  PFN_vkVoidFunction real = device_proc ? device_proc(d, name) : 0, own = own_function(name);
  return real && own ? own : real;
}

PFN_vkVoidFunction VKAPI_CALL isa_GetInstanceProcAddr(VkInstance i, const char *name) {
  PFN_vkVoidFunction own = own_function(name);
  if (own && (!strcmp(name, "vkCreateInstance") || !strcmp(name, "vkGetInstanceProcAddr"))) return own;
  PFN_vkVoidFunction real = instance_proc ? instance_proc(i, name) : 0;
  return real && own ? own : real;
}

EXPORT VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *versions) {
  versions->loaderLayerInterfaceVersion = 2;
  versions->pfnGetInstanceProcAddr = isa_GetInstanceProcAddr;
  versions->pfnGetDeviceProcAddr = isa_GetDeviceProcAddr;
  versions->pfnGetPhysicalDeviceProcAddr = 0;
  return VK_SUCCESS;
}
