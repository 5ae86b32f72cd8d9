using System.Reflection;
using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.KernelCompiler;

/// <summary>A kernel method with one of its specialisations.</summary>
/// <param name="Method">The method, closed over the specialisation.</param>
/// <param name="Attribute">The attribute of the method.</param>
internal sealed record KernelEntry(MethodInfo Method, KernelAttribute Attribute)
{
    private const int LargestGroup = 1024;

    /// <summary>The name of its files and in messages: "Convolve.Tile128x64".</summary>
    public string Name => Attribute.Specialization is Type type ? $"{Method.Name}.{type.Name}" : Method.Name;

    /// <summary>The kernels of an assembly, by class, method and specialisation; faults of others are added to the errors.</summary>
    public static IReadOnlyList<KernelEntry> FindAll(Assembly assembly, List<KernelException> errors)
    {
        const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        var entries = new List<KernelEntry>();
        foreach (Type type in assembly.GetTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            foreach (MethodInfo method in type.GetMethods(Declared).OrderBy(method => method.Name, StringComparer.Ordinal))
            {
                foreach (KernelAttribute attribute in method.GetCustomAttributes<KernelAttribute>())
                {
                    if (FindFault(method, attribute) is string fault)
                        errors.Add(new KernelException(attribute.File, attribute.Line, method.Name, fault));
                    else
                        entries.Add(new KernelEntry(Close(method, attribute), attribute));
                }
            }
        }

        foreach (IGrouping<string, KernelEntry> twice in entries.GroupBy(entry => entry.Name).Where(group => group.Count() > 1))
        {
            KernelAttribute last = twice.Last().Attribute;
            errors.Add(new KernelException(last.File, last.Line, twice.Key, "another kernel has this name"));
        }

        return entries;
    }

    /// <summary>An exception about this kernel.</summary>
    public KernelException Error(string reason) => new(Attribute.File, Attribute.Line, Name, reason);

    private static MethodInfo Close(MethodInfo method, KernelAttribute attribute) =>
        attribute.Specialization is Type type ? method.MakeGenericMethod(type) : method;

    private static string? FindFault(MethodInfo method, KernelAttribute attribute)
    {
        if (method.ReturnType != typeof(void) || method.DeclaringType!.IsGenericType)
            return "a kernel returns nothing and its class is not generic";
        if (method.IsGenericMethodDefinition != attribute.Specialization is not null || method.GetGenericArguments().Length > 1)
            return "a generic kernel has one type parameter, for which every [Kernel] names a Specialization";
        if (attribute.GroupSize is < 1 or > LargestGroup)
            return $"a group of {attribute.GroupSize} items; it can be 1 to {LargestGroup}";
        if (attribute.Optimization is not (1 or 2))
            return "Optimization is 1 or 2";
        if (attribute.Target is null && attribute.DynamicSharedBytes > 0)
            return "dynamic shared memory needs a Target: OpenCL C has only static arrays";
        foreach (ParameterInfo parameter in method.GetParameters())
        {
            Type type = parameter.ParameterType;
            bool isView = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>);
            if (!isView && type != typeof(int) && type != typeof(float))
                return $"parameter '{parameter.Name}' is {type.Name}; parameters are int, float and ArrayView";
        }

        return null;
    }
}
