using System.Reflection;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>What a user of the library sees.</summary>
public sealed class PublicTypesTests
{
    public static TheoryData<string> Assemblies => ["Gsasr.Tensors", "Gsasr.Layers", "Gsasr.Raster", "Gsasr.Managed", "Gsasr.Imaging"];

    [Fact]
    public void Of_the_devices_only_what_chooses_and_describes_them_is_public()
    {
        string[] expected =
        [
            nameof(CpuDevice), nameof(Device), nameof(DeviceCatalog), nameof(DeviceDescription), nameof(DeviceException),
            nameof(DeviceKind), nameof(DeviceMemoryException), nameof(DeviceRefusal), nameof(RefusalCause),
        ];
        Assert.Equal(expected, typeof(Device).Assembly.GetExportedTypes().Select(type => type.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Gsasr.Layers")]
    [InlineData("Gsasr.Raster")]
    public void Operations_are_not_public(string assembly) => Assert.Empty(Assembly.Load(assembly).GetExportedTypes());

    [Fact]
    public void The_page_on_the_architecture_has_the_number_of_public_types()
    {
        int count = Assemblies.Sum(assembly => Assembly.Load(assembly.Data).GetExportedTypes().Length);
        string page = File.ReadAllText(Path.Combine(TestData.RepositoryRoot, "docs", "architecture.md"));
        Assert.Contains($" {count} public types", page, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Nothing_public_is_a_pointer(string assembly)
    {
        const BindingFlags Visible = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (Type type in Assembly.Load(assembly).GetExportedTypes())
        {
            foreach (MethodBase method in type.GetMembers(Visible).OfType<MethodBase>().Where(IsVisible))
            {
                Assert.All(method.GetParameters(), parameter => Assert.False(IsPointer(parameter.ParameterType), $"{type}.{method}"));
                Assert.False(method is MethodInfo { ReturnType: Type returned } && IsPointer(returned), $"{type}.{method}");
            }

            foreach (FieldInfo field in type.GetFields(Visible).Where(field => field.IsPublic || field.IsFamily))
                Assert.False(IsPointer(field.FieldType), $"{type}.{field}");
        }
    }

    // (The constructor of a delegate is the compiler's, and takes an address.)
    private static bool IsVisible(MethodBase method) => !typeof(Delegate).IsAssignableFrom(method.DeclaringType) && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    private static bool IsPointer(Type type) => type.IsPointer || type.IsFunctionPointer || type == typeof(nint) || type == typeof(nuint);
}
