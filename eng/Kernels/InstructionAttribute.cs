namespace Gsasr.Kernels;

/// <summary>
/// Gives a method its meaning on both backends, as text. Placeholders: <c>%0</c> is the result and <c>%1</c>, <c>%2</c> are the arguments,
/// where PTX counts every register (a <see cref="Float4"/> is four), and <c>%0..%3</c> is a list of registers; <c>#</c> is the address space of the pointer among the arguments;
/// <c>$</c> is, in OpenCL C, a name that is unique to the statement.
/// </summary>
/// <param name="ptx">PTX instructions, each with its semicolon.</param>
/// <param name="openCl">OpenCL C statements without the last semicolon; null if there are none.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InstructionAttribute(string ptx, string? openCl) : Attribute
{
    /// <summary>The PTX instructions.</summary>
    public string Ptx { get; } = ptx;

    /// <summary>
    /// The PTX instructions for NVIDIA hardware before sm_80, in kernels with the target sm_75, where it lacks <see cref="Ptx"/>; null where it has it too.
    /// </summary>
    public string? TuringPtx { get; set; }

    /// <summary>The OpenCL C statements; null for instructions that only NVIDIA hardware has.</summary>
    public string? OpenCl { get; } = openCl;

    /// <summary>
    /// Whether the instructions change their result's registers, which then begin with the values of as many registers of the first argument.
    /// </summary>
    public bool IsInPlace { get; set; }
}
